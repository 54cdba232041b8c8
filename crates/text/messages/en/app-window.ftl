# The screens of the issuing application.

window-help = Without a command the window opens.
window-title = Issuing application
window-language = 日本語
window-language-spoken = 日本語に切り替える
window-required = required
window-show = Show
window-back = Back
window-menu = Back to the menu
window-again = Try again
window-copied = Copied.
window-copy = Copy
window-copy-reference = Copy the support reference
window-check = Please check what you entered ({ $count })
window-check-and = { $first }, { $next }

## Site

window-site-heading = Address of the site
window-site-lead = Enter the address of the issuing site that stands on your slip.
window-site-label = Address of the site
window-site-help = It begins with https://.
window-site-missing = Enter the address of the site.
window-site-bad = This is not the address of an issuing site. Enter all of it, as on the slip.
window-site-next = Continue

## Menu

window-menu-heading = Certificates on this PC
window-menu-reading = Looking for certificates.
window-menu-none = This PC has no certificate of this service yet.
window-menu-none-do = Have the slip with your user ID and initial password at hand, and press “Issue a certificate”.
window-menu-issue = Issue a certificate
window-menu-more = More
window-menu-clean-up = Remove old certificates
window-menu-doctor = Check the connection
window-menu-proxy = Set the proxy
window-menu-settings = Settings
window-menu-about = About
window-menu-renew = Renew
window-menu-renew-spoken = Renew { $user }
window-menu-open = Open the service
window-menu-open-spoken = Open the service with { $user }
window-menu-due = The certificate of { $user } ends in { $days } days. You can renew it now.
window-menu-due-one = The certificate of { $user } ends in one day. Please renew it now.
window-menu-due-today = The certificate of { $user } ends within a day. Please renew it now.
window-menu-due-do = Renewal takes a few seconds. There is nothing to enter.
window-card-valid = Valid
window-card-renewable = Can be renewed
window-card-soon = Expires soon
window-card-expired = Expired
window-card-not-yet = Not yet valid
window-card-old = Replaced by a newer one
window-card-no-key = Its key is missing
window-card-until = Valid until
window-card-days = { $until } ({ $days } days left)
window-card-renewal = Renewal
window-card-renewal-from = from { $from }
window-card-key = Key in
window-card-place = Saved in
window-key-hardware = security chip or card of this PC
window-key-system = certificate store of the system
window-key-browser = certificate database of the browser
window-key-file = file
window-store-failed = The certificates on this PC could not be read.

## Issue

window-issue-heading = Issue a certificate
window-user = User ID
window-user-help = It stands on the slip (for example CMSM950-006-401).
window-user-missing = Enter your user ID.
window-user-bad = This is not a user ID. Enter it as on the slip, with letters, digits and hyphens.
window-password = Initial password
window-password-help = The 16 letters and digits on the slip. Case, spaces and hyphens do not matter.
window-password-missing = Enter your initial password.
window-password-length = It has { $length } letters and digits; these are { $count }. Nothing was sent.
window-mail = E-mail address
window-mail-help = We confirm the issuance there.
window-mail-missing = Enter your e-mail address.
window-mail-bad = This is not an e-mail address. Enter it in the form name@example.co.jp.
window-mail-again = E-mail address, once more
window-mail-again-missing = Enter your e-mail address once more.
window-mail-differs = This is not the address above. Please check both.
window-issue = Issue

## Another e-mail address

window-email-open = Change e-mail address
window-email-open-spoken = Change the e-mail address of { $user }
window-email-heading = Change the e-mail address
window-email-lead = This changes the registered address, to which reminders and other notices go.
window-email-new = New e-mail address
window-email-new-help = A mail to confirm the change goes to this address.
window-email-new-again = New e-mail address, once more
window-email-submit = Ask for the change
window-running-email = Asking for the change of the e-mail address
window-email-lost = The site's answer did not arrive completely.
window-email-lost-do = If the mail to confirm arrives, you can use it as it is. If it does not, ask again later.
window-email-cancelled = The change of the e-mail address was stopped. The present address stays.
window-email-asked-heading = A mail to confirm the address was sent
window-email-asked = A mail with a link has gone to { $email }.
window-email-asked-do = Open the link within 24 hours and press the button on the page. Until you press it, the present address stays.
window-email-asked-none = If no mail arrives, look into the folder for junk mail, check the address above, and ask again.

## Progress

window-running-issue = Issuing the certificate
window-running-renew = Renewing the certificate
window-running-site = Connecting to the site
window-running-removal = Removing certificates
window-running-wait = Please wait. This usually takes a few seconds.
window-step-connect = Connect to the site
window-step-trust = Check that the site is the right one
window-step-key = Make the key on this PC
window-step-request = Ask for the certificate
window-step-install = Save the certificate
window-step-read-back = Check the saved certificate and its key
window-step-prove = Check that the service lets this PC in
window-step-spoken-done = { $step }, done
window-step-spoken-now = { $step }, now
window-step-spoken-waiting = { $step }, not yet
window-cancel = Stop
window-cancelling = Stopping. Please wait until the connection has ended.
window-cancelled-heading = Stopped
window-cancelled = The issuance was stopped.

## Result

window-done-heading = The certificate was issued
window-renewed-heading = The certificate was renewed
window-done = The certificate is saved on this PC, and the service lets it in.
window-done-unproven = The certificate is saved on this PC, but the service has not let it in yet.
window-done-file = The password of the saved file is the initial password that you entered.
window-done-user = User ID
window-done-mail = Registered e-mail address
window-done-open = Open the service
window-done-copy = Copy the address of the service
window-done-browser = Press “Open the service”. When the browser asks for a certificate, choose the one with the name of your user ID. If the page does not open, close all windows of the browser and press once more.
window-renewed-browser = Press “Open the service”. The browser may show two certificates with the same name: choose the one that is valid until { $until }; its serial number ends in { $serial }. If the page does not open, close all windows of the browser and press once more.
window-renewed-old = When the service has opened, you can remove the old one.

## Errors

window-failed-form = Back to the form
window-failed-proxy-do = Check the settings of the proxy. Ask your system administrator for its password.
window-failed-proxy-unreachable-do = Check that this PC is in your company’s network, and the settings of the proxy. If you do not know them, ask your system administrator.
window-failed-proxy-refused-do = Check the user name and the password of the proxy. If you do not know them, ask your system administrator, who can also allow connections to the issuing site without signing in.
window-failed-proxy-script-do = Check the address of the configuration script in the settings of the proxy. If you do not know it, ask your system administrator.
window-failed-proxy-setting = The settings of the proxy are not right.
window-failed-proxy-setting-do = Enter the address of the proxy in the form proxy.example.co.jp:8080. SOCKS proxies cannot be used.
window-failed-other-language = This could not be done.
window-failed-other-language-do = The details are there in the other language only. To read them in this one, try again.
window-failed-connection-do = Check your Internet connection and try again later. If it keeps failing, ask your system administrator.
window-failed-password-do = Choose another place under “Settings” and try again.
window-failed-password-alone-do = Close all programs that use the certificates and try again. If it goes on, ask your system administrator.
window-failed-occupied-do = Choose another place under “Settings”, or move the file away if you are sure that it is not needed.
window-failed-occupied-alone-do = Move the file away if you are sure that it is not needed.
window-failed-browser-do = Close all windows of the browser and try again.
window-failed-brand = The settings that were installed with the issuing application (brand.json) cannot be read ({ $why }).
window-failed-brand-do = Install the issuing application again from the issuing site.
window-failed-display = The window cannot be shown ({ $why }).
window-failed-display-do = To work without it, see { $program } --help.

## Root certificate

window-root-heading = Is this the right site?
window-root-lead = Compare this fingerprint with the one on your slip, to the last digit.
window-root-label = Fingerprint of the root certificate (SHA-256)
window-root-warning = If a single digit differs
window-root-warning-do = Press “Different, or not sure” and call your branch. Nothing has been sent yet.
window-root-yes = All digits are the same
window-root-no = Different, or not sure

## Proxy

window-proxy-heading = The proxy asks who you are
window-proxy-lead = Your company’s proxy asks for a user name and a password. If you do not know them, ask your system administrator.
window-proxy-address = Proxy
window-proxy-realm = It calls itself
window-proxy-wrong = The user name or the password was not accepted.
window-proxy-wrong-do = Please enter them again.
window-proxy-user = User name
window-proxy-user-help = This is not the user ID of your certificate.
window-proxy-user-missing = Enter the user name.
window-proxy-password = Password
window-proxy-password-help = It is remembered until you close this application, and never saved.
window-proxy-password-missing = Enter the password.
window-proxy-connect = Connect

## Renew

window-renew-heading = Renew the certificate
window-renew-lead = A new key is made on this PC, and the present certificate vouches for it. There is nothing to enter.
window-renew-after = The present certificate can be used for a while after that.
window-renew = Renew

## New version

window-update-heading = There is a new version
window-update-lead = The issuing application is replaced by its new version. Certificates and keys stay as they are.
window-update-required = This version can no longer be used
window-update-required-do = To issue or renew, the new version is needed.
window-update-current = This version
window-update-new = New version
window-update-size = Size
window-update-now = Replace it
window-update-later = Later
window-update-running = Fetching the new version
window-update-percent = { $percent }%
window-update-heading-required = Another version is needed
window-update-downgrade = The operator asks you to go back to an earlier version.
window-update-notes = What is new
window-update-offered = There is a new version ({ $version }).
window-update-offered-do = This is version { $version }. The download has { $megabytes } MB.
window-update-site = Open the issuing site
window-update-look = Look for a new version
window-update-looking = Looking for a new version
window-update-keep = Please wait until it is done.
window-update-installing = Putting the new version in place
window-update-installing-wait = The window opens again with the new version in a moment. Please wait.
window-update-told-heading = An administrator is needed
window-update-told = Version { $version } was downloaded and is the right one.
window-update-told-do = The administrator of this PC installs it with this command. Please hand it over.
window-update-command = Command that installs it
window-update-not-believed-do =
    You can go on with the present version.
    Please try again later. If it happens again, contact your branch.
window-update-again-do = Please try again. If it happens again, contact your branch.
window-updated = This is now version { $version }.
window-about-update = New version
window-about-update-unknown = Not looked for yet.
window-about-update-none = None. This is the newest.
window-about-update-failed = It could not be found out. { $why }

## Doctor

window-doctor-heading = Check the connection
window-doctor-lead = Everything that issuing, renewing and using the service need is checked in turn.
window-doctor-running = Checking. Please wait.
window-doctor-fine = No problem was found
window-doctor-found = Findings that need your attention: { $count }
window-doctor-trust = Trust the root certificate
window-doctor-update = Get the newer version
window-doctor-update-failed = Whether there is a new version could not be found out. { $why }
window-reference-heading = If a page of the service refused
window-reference = Support reference
window-reference-help = It begins with “G-” and stands on the page that refused. You may paste it.
window-reference-bad = This is not such a reference. Enter the one that begins with “G-” as it stands on the page.
window-reference-of-site = A reference that begins with “R-” comes from the issuing site and is not explained here. Tell your branch this reference: the case is found by it.
window-reference-explain = Explain this reference
window-doctor-again = Check again
window-doctor-save = Save the report
window-doctor-saved = The report was saved
window-doctor-secret = It holds no password and no key.

## Clean-up

window-clean-heading = Remove old certificates
window-clean-lead = Certificates that are no longer used can be removed, with their keys. They are removed when you close this application; until then you can undo it.
window-clean-none = There is no certificate to remove.
window-clean-remove = Remove
window-clean-remove-spoken = Remove { $user }, valid until { $until }
window-clean-marked = Will be removed on closing.
window-clean-undo = Undo
window-clean-undo-spoken = Keep { $user }, valid until { $until }
window-clean-failed = Some certificates could not be removed
window-clean-close = Close

## Settings

window-settings-heading = Settings
window-settings-language = Language
window-settings-japanese = 日本語
window-settings-english = English
window-settings-look = Colours
window-look-system = As the system has them
window-look-light = Light
window-look-dark = Dark
window-look-contrast = High contrast
window-settings-store = Where certificates are saved
window-settings-store-help = This applies to the next certificate.
window-store-windows = Certificate store of Windows (recommended)
window-store-nss = Certificate database of the browser (recommended)
window-store-keychain = Keychain (recommended)
window-store-other = { $place }
window-settings-proxy = Proxy
window-settings-proxy-help = If you do not know, choose “Automatic”.
window-proxy-automatic = Automatic (as the system has it)
window-proxy-none = None
window-proxy-manual = This address
window-proxy-script = Configuration script (PAC) at this address
window-proxy-manual-label = Address of the proxy
window-proxy-manual-help = Enter it in the form proxy.example.co.jp:8080.
window-proxy-manual-bad = This is not the address of a proxy. Enter it in the form proxy.example.co.jp:8080.
window-proxy-script-label = Address of the script
window-proxy-script-help = It begins with http:// or https://.
window-proxy-script-bad = This is not the address of a script. Enter it with http:// or https://.
window-settings-site = Issuing site
window-settings-site-change = Change the address of the site
window-settings-lost = The settings could not be saved ({ $why }). They apply until you close this application.

## About

window-about-heading = About
window-about-version = Version
window-about-site = Issuing site
window-about-root = Root certificate
window-about-licences = Licences
window-about-own = This application is available under the MIT License or the Apache License 2.0.
window-about-font = Typeface: BIZ UDPGothic (© 2022 The BIZ UDGothic Project Authors, SIL Open Font License 1.1)
window-about-toolkit = The window is made with Slint (https://slint.dev).

## Closing

window-leave-heading = Something is still under way
window-leave = If you close now, it is stopped. Even if the initial password has been sent, within 24 hours it gives you the same certificate.
window-leave-stay = Carry on
window-leave-go = Stop and close

## Started by a link

window-link-foreign = The link that started this program is not of this service. Nothing was done.
window-link-foreign-do = Start it from a page of the issuing site, or choose here what you would like to do.
window-link-spent = This link was used before, or its time is over.
window-link-spent-do = Choose here what you would like to do.
window-link-not-due = No certificate can be renewed now.
