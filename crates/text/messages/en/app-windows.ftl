# The issuing application: the certificate store of Windows

app-store-system = The certificate store of Windows could not be used ({ $said }).
app-store-system-do = Run the command again. If it keeps failing, show this message to your system administrator.
app-store-root-declined = The root certificate was not added to the trusted root certification authorities, so the certificate was not saved.
app-store-root-declined-do = Run the command again. Compare the thumbprint in the security warning of Windows with the slip, and press Yes if it is the same.
app-store-cannot-untrust = This key store does not remember which root certificates were added to it, so none was removed.
app-store-cannot-untrust-do = Name the certificate store of Windows (windows). In other key stores, remove them with the program that manages the store.

app-untrusted = The root and intermediate certificates that this application added and nothing needs any more were removed.
app-untrusted-nothing = There is no root or intermediate certificate that this application added and nothing needs any more.
app-label-removed = Removed
app-label-kept = Kept, in use

app-bad-store-do-windows = Use windows, nss[:DIR], pkcs12:FILE or pem:DIR.
app-ask-store-windows = Key store (windows, pkcs12:FILE, pem:DIR)

app-help-untrust = Remove the root and intermediate certificates that this application added and no certificate needs any more (windows only; without --site)
app-help-stores-windows =
    Key stores (STORE):
    {"  "}windows                  certificate store of Windows; the key is made in the safest place that works
    {"  "}windows:tpm|software|capi the same, with the place of the key (TPM, CNG, CAPI)
    {"  "}nss[:DIR]                certificate database of browsers
    {"  "}pkcs12:FILE              PKCS#12 file under a password
    {"  "}pem:DIR                  PEM files in a folder
    {"  "}pkcs11:URI and keychain are not available in this build.
app-help-lang-windows = Language of the messages (default: by LC_ALL or LANG, else the display language of Windows)
