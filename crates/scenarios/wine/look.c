/* Looks into the user's certificate store as any other program would, and prints a line of JSON
   for each certificate in it: its SHA-1, its friendly name, where its key is, whether the key
   signs for it, and what becomes of an attempt to take the private key out. For tests only. */

#include <stdio.h>
#include <windows.h>
#include <wincrypt.h>

static void text(const char *name, const WCHAR *wide)
{
    char octets[2048] = "";
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, octets, sizeof octets, NULL, NULL);
    printf(",\"%s\":\"", name);
    for (const char *c = octets; *c; c++) {
        if (*c == '"' || *c == '\\')
            putchar('\\');
        putchar(*c);
    }
    putchar('"');
}

/* Whether the key signs, and the certificate's public key verifies it. */
static BOOL signs(HCRYPTPROV provider, DWORD spec, const CERT_CONTEXT *certificate)
{
    static const BYTE message[] = "anything";
    BYTE signature[1024];
    DWORD length = sizeof signature;
    HCRYPTHASH hash;
    HCRYPTKEY key;
    return CryptCreateHash(provider, CALG_SHA_256, 0, 0, &hash)
        && CryptHashData(hash, message, sizeof message, 0)
        && CryptSignHashW(hash, spec, NULL, 0, signature, &length)
        && CryptImportPublicKeyInfo(provider, X509_ASN_ENCODING,
                                    &certificate->pCertInfo->SubjectPublicKeyInfo, &key)
        && CryptVerifySignatureW(hash, signature, length, key, NULL, 0);
}

static void look(const CERT_CONTEXT *certificate)
{
    BYTE sha1[20];
    DWORD length = sizeof sha1;
    CertGetCertificateContextProperty(certificate, CERT_SHA1_HASH_PROP_ID, sha1, &length);
    printf("{\"sha1\":\"");
    for (DWORD i = 0; i < length; i++)
        printf("%02X", sha1[i]);
    putchar('"');

    WCHAR name[1024] = L"";
    length = sizeof name;
    CertGetCertificateContextProperty(certificate, CERT_FRIENDLY_NAME_PROP_ID, name, &length);
    text("friendly_name", name);

    union {
        CRYPT_KEY_PROV_INFO info;
        BYTE octets[4096];
    } key;
    length = sizeof key;
    if (CertGetCertificateContextProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, &key,
                                          &length)) {
        text("container", key.info.pwszContainerName);
        text("provider", key.info.pwszProvName);
    }

    HCRYPTPROV provider;
    DWORD spec;
    BOOL owned;
    if (CryptAcquireCertificatePrivateKey(certificate, CRYPT_ACQUIRE_SILENT_FLAG, NULL, &provider,
                                          &spec, &owned)) {
        HCRYPTKEY user_key;
        BYTE taken[4096];
        length = sizeof taken;
        printf(",\"signs\":%s", signs(provider, spec, certificate) ? "true" : "false");
        if (CryptGetUserKey(provider, spec, &user_key)) {
            BOOL out = CryptExportKey(user_key, 0, PRIVATEKEYBLOB, 0, taken, &length);
            printf(",\"private_key_taken_out\":%s", out ? "true" : "false");
            if (!out)
                printf(",\"refused\":\"%08lX\"", GetLastError());
        }
    }
    printf("}\n");
}

int main(void)
{
    HCERTSTORE store = CertOpenSystemStoreW(0, L"MY");
    if (!store)
        return 1;
    for (const CERT_CONTEXT *certificate = NULL;
         (certificate = CertEnumCertificatesInStore(store, certificate));)
        look(certificate);
    CertCloseStore(store, 0);
    return 0;
}
