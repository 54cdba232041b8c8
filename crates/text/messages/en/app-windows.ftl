# The issuing application: the certificate store of Windows

app-store-system = The certificate store of Windows could not be used ({ $said }).
app-store-system-do = Run the command again. If it keeps failing, show this message to your system administrator.
app-store-no-place-for-key = This PC cannot make a key in the place named ({ $why }). Nothing was sent.
app-store-no-place-for-key-do = Name the key store windows, and the key is made where it can be. If that fails as well, show this message to your system administrator.
app-store-root-declined = The question whether to add the root certificate was answered with No, so the certificate was not saved.
app-store-root-declined-do = Run the command again, and press Yes when the security warning of Windows appears. This application has already compared the root certificate with the fingerprint on the slip.
app-store-cannot-untrust = This key store does not remember which root certificates were added to it, so nothing was removed.
app-store-cannot-untrust-do = Name the certificate store of Windows (windows) or a browser's database (nss). Remove root certificates from other key stores with the program that manages them.

app-untrusted = The root and intermediate certificates that this application added and nothing needs any more were removed.
app-untrusted-nothing = There is no root or intermediate certificate to remove.
app-label-removed = Removed
app-label-kept = Kept, in use

app-bad-store-do-windows = Use windows, pkcs11:URI, pkcs12:FILE or pem:DIR.

app-help-untrust = Remove the root and intermediate certificates that this application added and no certificate needs any more (windows only; without --site)
app-help-lang-windows = Language of the messages (default: by LC_ALL or LANG, else the display language of Windows)
app-help-stores-windows =
    Key stores (STORE):
    {"  "}windows         certificate store of Windows; the key is made in the safest place that works
    {"  "}windows:WHERE   the same with the key in tpm, software or capi
    {"  "}pkcs11:URI      card or token (pkcs11:token=NAME?module-path=C:/DRIVER.dll)
    {"  "}pkcs12:FILE     PKCS#12 file under a password
    {"  "}pem:DIR         PEM files in a folder
    {"  "}nss and keychain are not available in this build.
