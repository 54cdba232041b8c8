# Tokens (PKCS#11) and the certificate databases of browsers (NSS).

## Databases

app-store-nss-missing = The certificate database of browsers cannot be used, because the library libsoftokn3 is not there.
app-store-nss-missing-do = Install the package libnss3 (nss-softokn on Fedora) and run the command again.
app-store-folder = The folder cannot be used, because its name has characters that the certificate database does not take ({ $path }).
app-store-folder-do = Name a folder without quotation marks, brackets and backslashes.
app-firefox-restart = If Firefox is open, close it and start it again. Then it offers the new certificate.

## Tokens

app-bad-token = The address of the token (--store pkcs11:…) is not right ({ $why }).
app-bad-token-do = Give it in the form "pkcs11:token=NAME?module-path=/PATH/TO/DRIVER.so". The driver comes from the maker of the token.
app-bad-token-pin = A PIN must not stand in the address of the token, because others could see it there.
app-bad-token-pin-do = Leave pin-value out. You are asked for the PIN, or give a file with --store-password-file.
app-ask-token-pin = PIN of the token (not shown)
app-token-driver = The driver of the token cannot be used ({ $path }: { $why }).
app-token-driver-do = Install the driver of the token's maker, and check module-path.
app-token-absent = The token { $wanted } is not there. Found: { $present }
app-token-absent-do = Plug the token in, check the name after token=, and run the command again.
app-token-many = { $count } tokens fit the address.
app-token-many-do = Unplug those that you do not need, or add token= or serial= to the address.
app-token-pin-missing = The PIN of the token is missing ({ $why }).
app-token-pin-missing-do = Give a file with the PIN with --store-password-file, or pin-source=file:/PATH in the address.
app-token-pin-wrong = The token { $token } refused the PIN. It was not tried again, because a few wrong tries lock the token. Nothing was sent.
app-token-pin-wrong-do = Check the PIN, and give it again (--store-password-file). If you do not know it, ask whoever gave you the token.
app-token-pin-last-try = One more wrong PIN would lock the token { $token }, so none was tried. Nothing was sent.
app-token-pin-last-try-do = Log in once with the right PIN in the program that came with the token, and run the command again.
app-token-pin-locked = The PIN of the token { $token } is locked. Nothing was sent.
app-token-pin-locked-do = Ask whoever gave you the token to unlock it.
app-token-pin-unset = The PIN of the token { $token } has expired or was never set. Nothing was sent.
app-token-pin-unset-do = Set a PIN in the program that came with the token, and run the command again.
app-token-unable = The token { $token } cannot make or keep the key that is needed ({ $why }).
app-token-unable-do = Use another token or another key store.
app-token-full = There is no room left in the token { $token }.
app-token-full-do = Remove certificates that are no longer needed, and run the command again.
app-token-read-only = The token { $token } cannot be written.
app-token-read-only-do = Check its write protection, or use another token.
app-token-key = The key in the token cannot be used ({ $why }).
app-token-key-do = Check that it is the right token. If it is, ask your company's administrator for a reissue.
app-token-failed = The token does not answer as it should ({ $why }).
app-token-failed-do = Check that it is plugged in, and run the command again.

## The keychain of macOS

app-keychain-failed = The keychain could not be used ({ $said }).
app-keychain-failed-do = Unlock the login keychain, allow the access that macOS asks about, and run the command again.
