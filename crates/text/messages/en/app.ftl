# The issuing application. First what happened, then what to do now, then whom to call.

## Progress

app-step-connect = Connecting to the issuing site.
app-step-trust = Checking that the site is the right one.
app-step-key = Making the key on this PC.
app-step-key-resumed = Using the key made in the earlier try.
app-step-request = Asking for the certificate.
app-step-waiting = The site could not answer yet. Asking again in { $seconds } seconds.
app-step-install = Saving the certificate.
app-step-read-back = Checking the saved certificate and its key.
app-step-prove = Checking at the gateway that it can be used.
app-step-done = Done.

## The server's identity

app-root-mismatch = The site's root certificate is not the one you named. Someone may be intercepting the connection. Nothing was sent.
app-root-mismatch-do =
    Check the address and the fingerprint on the slip. If they are right, stop here and call your branch.
    You named:
    { $expected }
    The site has:
    { $found }
app-root-declined = The root certificate was not confirmed, so nothing was done. Nothing was sent.
app-root-declined-do = If the fingerprint on the slip is another one, call your branch.
app-root-unconfirmed = Nobody is here to confirm the root certificate, so nothing was done. Nothing was sent.
app-root-unconfirmed-do =
    Compare this fingerprint with the slip. If it is the same, run the command again with --root-sha256 { $plain }
    { $grouped }
app-root-unsound = The site's root or intermediate certificates are not sound ({ $why }). Nothing was sent.
app-root-unsound-do = Check the date of this PC. If it is right, call your branch.
app-unproven = The server could not prove that it is the right one ({ $why }). Nothing about the user was sent.
app-unproven-do = Check the address of the site and the date of this PC. If your company's proxy inspects connections, ask its administrator.

## Connection

app-host-not-found = The address of the site was not found.
app-host-not-found-do = Check the address and your Internet connection.
app-no-connection = The site could not be reached ({ $why }).
app-no-connection-do = Check the address and your Internet connection, and try again later. If you use a proxy, name it with --proxy. If that does not help, call your branch.
app-reason = { $cause }: { $said }
app-reason-not-found = the address was not found
app-reason-refused = the connection was refused
app-reason-timed-out = no answer in time
app-reason-no-route = no network leads there
app-reason-cut = the connection was cut
app-reason-tls = no encrypted connection (TLS) came about
app-reply-lost = The site's answer did not arrive completely ({ $why }).
app-reply-lost-do = Run the command again. Within 24 hours the same initial password gives you the same certificate.
app-unusable = The site's answer could not be read ({ $why }).
app-not-tegata = What answers there is not an issuing site (status { $status }).
app-not-tegata-do = Check the address of the site and the proxy settings, and try again later.
app-too-old = This issuing application is too old. Version { $minimum } or newer is needed.
app-too-old-do = Update the issuing application (its command is "update"), or get the new one from the issuing site.
app-bad-answer = The certificate that the site sent is not right, so it was not saved ({ $why }).
app-bad-answer-do = Call your branch.

## What a stopped issuance leaves

app-within-a-day = Within 24 hours the same initial password gives you the same certificate.
app-key-kept = The key of this request is kept for the next try, in { $path }.
app-existing = This PC already has the certificate of this user ID, valid until { $until }, in { $place }. If you only wanted to issue again, there is nothing more to do.

## Key store

app-key-failed = The new key could not be used.
app-key-failed-do = Run the command again. If it keeps failing, name another key store.
app-store-io = The key store could not be read or written ({ $path }: { $why }).
app-store-io-do = Check the free space and the permissions, and run the command again, or name another key store.
app-store-missing = There is no key store ({ $path }).
app-store-missing-do = Check the name of the key store.
app-own-store-missing = The system's own key store ({ $store }) is not there yet ({ $path }).
app-own-store-do = If the certificate is in another key store, name it with --store. If you have no certificate yet, issue one first.
app-store-occupied = The key store holds another key or certificate ({ $path }). It was not overwritten, and nothing was sent.
app-store-occupied-do = Name another key store, or move the file away if you are sure that it is not needed. If it is your own PKCS#12 file, give its password with --store-password-file.
app-store-unreadable = The key store could not be read ({ $path }).
app-store-unreadable-do = Check the password given with --store-password-file and the kind of the file.
app-store-password-needed = The password of the key store is missing or wrong.
app-store-password-needed-do = Give the right password with --store-password-file.
app-store-not-read-back = What was saved could not be read back ({ $what }).
app-store-not-read-back-do = Run the command again.
app-store-unsupported = The key store { $what } cannot hold a root certificate alone.
app-store-unsupported-do = Use nss[:DIR] or pem:DIR.
app-store-failed = The key store could not be used ({ $what }).
app-store-failed-do = Name another key store.

## Wrong or missing options

app-usage-command = There is no command “{ $word }”.
app-usage-option = There is no option “{ $word }” here.
app-usage-value = “{ $value }” is no value for { $option }.
app-usage-value-missing = { $option } needs a value.
app-usage-conflict = { $option } cannot be given together with { $others }.
app-usage-other = The command line is not right ({ $said }).
app-usage-similar = Did you mean “{ $word }”? See --help.
app-usage-do = See --help.
app-missing = Missing: { $names }
app-missing-do = Give it as an option. See --help.
app-bad-site = The address of the site (--site) is not right.
app-bad-site-do = Enter the address on the slip, of the form https://HOST/issueweb/TENANT/ISSUER/.
app-bad-user = The user ID (--user) is not right.
app-bad-user-do = Enter it as on the slip, with letters, digits and hyphens (for example CMSM950-006-401).
app-bad-password = The initial password (--password-file) is empty.
app-bad-password-do = Enter the 16 letters and digits on the slip. Case, spaces and hyphens do not matter.
app-bad-mail = The e-mail address (--mail) is not right.
app-bad-mail-do = Enter it in the form name@example.co.jp.
app-mail-differs = The two e-mail addresses are not the same.
app-mail-differs-do = Run the command again and enter the same e-mail address twice.
app-bad-root = The fingerprint of the root certificate (--root-sha256) is not right.
app-bad-root-do = Enter the 64 hexadecimal digits on the slip. Spaces and colons do not matter.
app-bad-store = The key store (--store) is not right.
app-bad-store-do = Use nss[:DIR], pkcs11:URI, pkcs12:FILE or pem:DIR.
app-store-not-here = The key store { $name } is not available in this build.
app-bad-file = A file could not be read ({ $path }: { $why }).
app-bad-file-do = Check where the file is and who may read it.
app-two-stdin = Only one password can be read from standard input.
app-two-stdin-do = Give all passwords but one as files.

## Questions

app-ask-site = Address of the site
app-ask-user = User ID
app-ask-password = Initial password (not shown)
app-ask-mail = E-mail address
app-ask-mail-again = E-mail address (again)
app-ask-store-password = Password of the key store (not shown)
app-ask-root =
    The fingerprint (SHA-256) of this site's root certificate is:
    { $grouped }
    Is it the same as on the slip?
app-ask-yes-no = Type yes if it is the same

## Results

app-issued = The certificate was issued and saved.
app-trusted = The root and intermediate certificates were saved.
app-label-user = User ID
app-label-serial = Serial number
app-label-validity = Valid
app-label-renewal = Renewable from
app-label-location = Saved in
app-label-key = Key in
app-label-mail = E-mail
app-label-service = Service
app-label-root = Root certificate
app-label-state = State
app-range = { $from } to { $until }
app-p12-password = The password of this file is the initial password on the slip, exactly as you entered it.
app-receipt-lost = The note for renewal could not be written ({ $why }). The certificate can be used.
app-none-held = There is no issued certificate in the key store { $store }.
app-state-valid = valid, { $days } days left
app-state-expired = expired
app-state-superseded = replaced by a newer one on this PC
app-state-not-yet = not yet valid
app-key-file = file
app-key-system = certificate store of the system
app-key-hardware = security chip or card
app-key-none = not in this key store
app-unknown = not known
app-contact = Contact: { $help }
app-reference = Support reference: { $reference }

## Help

app-help-about = Issues a client certificate to this PC.
app-help-issue = Issue a new certificate and save it with its intermediate and root certificates
app-help-list = List the certificates in a key store
app-help-trust = Save the root and intermediate certificates only
app-help-usage = Usage
app-help-usage-options = [OPTIONS]
app-help-usage-command = [COMMAND]
app-help-options = Options
app-help-commands = Commands
app-help-help = Show this help
app-help-version = Show the version
app-help-lang = Language of the messages (default: by LC_ALL or LANG)
app-help-json = Write the result to standard output as one line of JSON
app-help-site = Address of the issuing site (an installed application knows it)
app-help-root = SHA-256 fingerprint of the root certificate, as on the slip; colons and spaces do not matter (default: ask)
app-help-user = User ID, as on the slip
app-help-password = File with the initial password; - is standard input (default: ask)
app-help-mail = E-mail address to register (the issuance is confirmed there)
app-help-store = Where to save (default: { $own })
app-help-store-which = Key store to use (default: { $own })
app-help-store-password-plain = File with the password of the key store; - is standard input
app-help-store-password = File with the password of the key store; - is standard input (default for pkcs12: the initial password)
app-help-form = Form of a PKCS#12 file; legacy is for old software (default: modern)
app-help-stores =
    Key stores (STORE):
    {"  "}nss[:DIR]      certificate database of browsers (default: Chromium's, ~/.pki/nssdb)
    {"  "}nss:firefox    certificate database of Firefox (default profile)
    {"  "}pkcs11:URI     card or token (pkcs11:token=NAME?module-path=/PATH/TO/DRIVER.so)
    {"  "}pkcs12:FILE    PKCS#12 file under a password
    {"  "}pem:DIR        PEM files in a folder
    {"  "}windows and keychain are not available in this build.
app-help-examples = Examples
app-help-exit-codes =
    Exit codes:
    {"  "}0  done
    {"  "}2  something is missing or wrong on the command line; nothing was sent
    {"  "}3  refused by the server, or the server did not prove who it is (doctor: it found something such as a wrong clock or a refused certificate)
    {"  "}4  the server cannot be reached
    {"  "}5  the key store failed

## Proof at the gateway

app-proof-accepted = The service lets this PC in.
app-proof-refused = The gateway did not accept this certificate. { $said } (reference { $reference })
app-proof-service-down = The gateway accepted the certificate, but the service does not answer now. Open the service later.
app-proof-not-the-gateway = Something other than the gateway answers at the address of the service (status { $status }). The certificate is saved. If the service does not open, call your branch.
app-proof-no-key = The certificate is saved. Its store does not let this program use the key, so the gateway was not asked. Open the service in the browser to see that it works.
app-proof-unreachable = The certificate is saved, but the gateway could not be reached to prove it ({ $why }). Open the service later.

## Renewal and removal

app-renewed = The certificate was renewed and saved.
app-nothing-to-renew = There is no certificate in this key store that can be used.
app-looked-in-own = The system's own key store ({ $store }) was looked at. If the certificate is in another one, name it with --store.
app-check-store = Check --store.
app-check-user = Check --user.
app-if-expired = If the certificate has expired, ask your company's administrator for a reissue.
app-which-to-renew = There are several certificates: { $names }
app-which-to-renew-do = Say with --user which one to renew.
app-site-unknown = This PC does not know which site issued this certificate.
app-site-unknown-do = Give the address on the slip with --site.
app-bad-serial = The serial number (--serial) is not valid.
app-bad-serial-do = Give a number that { $program } list shows.
app-serial-unknown = There is no certificate with the serial number { $serial } in this key store.
app-serial-unknown-do = See the numbers with { $program } list.
app-certificate-name = { $user } (until { $until }, serial number { $serial })
app-ask-remove =
    These certificates and their keys will be removed. They cannot be brought back.
    { $names }
app-ask-yes = Type "yes" to remove them
app-removed = Removed: { $name }
app-nothing-to-remove = There is no certificate to remove in the key store { $store }.
app-remove-declined = Nothing was removed.
app-remove-unasked = Nothing was removed, because there is nobody to confirm it.
app-remove-unasked-do = Add --yes to remove without being asked.
app-help-renew = Make a new key and renew the certificate by means of the present one
app-help-renew-site = Address of the issuing site (not needed for what was issued on this PC)
app-help-renew-user = User ID of the certificate to renew (not needed when there is only one)
app-nothing-due = It is not time to renew any certificate.
app-none-of-service = No certificate of this service was found in the key store { $store }.
app-none-of-service-do = Check --store: { $program } list with the same --store shows what is there. If you have no certificate yet, issue one first.
app-all-expired = The certificates of this service in the key store { $store } have expired.
app-all-expired-do = An expired certificate cannot be renewed. Ask your company's administrator for a reissue.
app-help-renew-all-due = Renew every certificate for which it is time
app-help-remove = Remove certificates and their keys from a key store
app-help-remove-serial = Serial number of the certificate to remove; may be repeated
app-help-remove-old = Remove all that have expired or were replaced by a newer one
app-help-remove-all = Remove every certificate that was issued
app-help-remove-yes = Do not ask
