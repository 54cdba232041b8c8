# The issuing site (pages that users see)

site-name = Certificate issuing site
site-steps = Steps
site-trail-label = Page navigation
site-trail-home = Back to the first page

# Home
site-home-lead = This site takes you through issuing and renewing the certificate that you need to use { $service }. Please choose what you want to do.
site-home-issue = Issue a certificate
site-home-issue-about = For your first certificate, a new PC, or when you were given a new initial password.
site-home-renew = Renew a certificate
site-home-renew-about = For when your certificate is about to expire. No initial password is needed.
site-home-renew-reissue = For when your certificate is about to expire: what to do.
site-home-root = Root certificate download
site-home-root-about = For those who need the root certificate as a file. Most users do not.

# Issue
site-issue-title = Issue a certificate
site-issue-lead = Five actions put a certificate on this PC, and you can use the service at once.
site-issue-prepare = What you need
site-issue-prepare-id = Your user ID and initial password (from your company’s administrator)
site-issue-prepare-mail = An e-mail address that you can receive mail at (we confirm the issuance there)
site-issue-prepare-pc = The PC on which you will use the service (a certificate works only on the PC it was issued on)
site-issue-step-install = Run the installer
site-issue-step-install-about = Download the installer, open it and follow its instructions. If it is installed already, go on with step 2.
site-issue-step-install-command = Download the installer and run the command below it in a terminal. If it is installed already, go on with step 2.
site-issue-step-install-choose = Download the installer for your PC and run it. If it is installed already, go on with step 2.
site-issue-step-start = Start the application
site-issue-step-start-about = When the installation is complete, press this button. If your browser asks for confirmation, choose “Open”.
site-issue-step-fill = Fill in the form
site-issue-step-fill-about = Enter your user ID, initial password and e-mail address (twice, to be sure).
site-issue-entry = In the user ID and the initial password, capitals, full-width characters and spaces before or after make no difference. Hyphens may be left out of the initial password, but not out of the user ID.
site-issue-step-press = Press “Issue”
site-issue-step-press-about = The application has the certificate issued, installs it on the PC and checks that it works. The private key is made on this PC and never leaves it.
site-issue-step-open = Open the service
site-issue-step-open-about = If the browser asks you to select a certificate, choose the one with your user ID.
site-issue-wrong-password = Entering a wrong initial password several times in a row locks it. If that happens, please contact your company’s administrator.

# Issue, when nothing fits
site-issue-none-label = There is no issuing application that you can use at present
site-issue-none-for-label = At present there is no issuing application for your PC ({ $platform })
site-issue-none-next = A certificate can therefore not be issued on this PC. We are sorry for the inconvenience. Please use the contact at the foot of this page.
site-issue-none-elsewhere = If you use the service on another PC, please open this page in the browser of that PC.

# Issue with the command-line program
site-command-lead = Three actions put a certificate on this PC. They use a command-line program.
site-command-unknown-label = We could not tell what kind of PC you use
site-command-unknown = These steps are for PCs with { $platform }. If yours is another one, please use the contact at the foot of this page.
site-command-step-get = Download the program
site-command-step-get-about = The program has no window. You use it by typing commands in a terminal.
site-command-download = Download the command-line program
site-command-step-run = Run the command
site-command-step-run-executable = In a terminal, go to the folder of the downloaded file and make the program executable.
site-command-step-run-about = Then run this command.
site-command-replace = What to replace
site-command-replace-about = Replace the words in capitals with your own values.
site-command-store-title = Where to keep it (--store)
site-command-store = Choose where the certificate is kept.
site-command-store-nss = The certificate database of Chrome and Chromium. Choose it to use the service in a browser.
site-command-store-pkcs12 = A PKCS#12 file under a password, to be imported into other browsers or programs. Its password is the initial password as you entered it.
site-command-store-pem = PEM files in a folder, for programs other than browsers. No password protects the key.
site-command-done = Afterwards
site-command-step-run-done = It is done when you read “The certificate was issued and saved.” The private key is made on this PC and never leaves it.
site-command-step-open-about = If your browser was open, close it and open it again first.

# Start
site-launch = Start the issuing application
site-launch-fails = If it does not start, open the issuing application from the menu of your PC.
site-open-service = Open { $service }

# Installers
site-installer-download = Download the installer for { $system }
site-installer-others = Other installers (for other PCs and more)
site-installer-run = In a terminal, go to the folder of the downloaded file and run this command.
site-installer-run-root = In a terminal, go to the folder of the downloaded file and run this command (it needs administrator rights).
site-installer-check = Check the downloaded file (SHA-256)
site-installer-check-about = Use this value to make sure that the downloaded file is the right one.
site-installer-choose = Please choose the installer for your PC.
site-installer-mobile-label = Phones and tablets cannot be used for this
site-installer-mobile = The certificate is issued to the PC on which you use the service. Please open this page in the browser of that PC.
site-arch-x64 = 64-bit
site-arch-x86 = 32-bit
site-arch-arm64 = ARM 64-bit
site-kind-command = Command-line program for { $platform }
site-kind-other = Other file

# Without a window
site-headless = Issue without a window (for system administrators)
site-headless-about = The issuing application also works as a command. Replace the words in capitals with your own values.
site-headless-root = Before you run it, make sure that the value of --root-sha256 is the root certificate fingerprint printed on your slip.
site-headless-user-is = The user ID
site-headless-password-is = A file that holds nothing but the initial password. Delete it afterwards.
site-headless-mail-is = The e-mail address
site-headless-store-is = Where the certificate is kept: windows, keychain, nss, pkcs11:URI, pkcs12:FILE or pem:FOLDER
site-headless-exit = Exit codes: 0 done, 2 wrong usage, 3 refused by the server, 4 server not reached, 5 could not write to the store. With --json the result is printed as JSON.

# Renew
site-renew-title = Renew a certificate
site-renew-lead = A certificate can be renewed from { $days } days before it expires until it expires.
site-renew-auto-label = With automatic renewal there is nothing for you to do
site-renew-auto = On PCs where automatic renewal was chosen, at installation or in the settings of the issuing application, the issuing application renews the certificate by itself once renewal is open. On other PCs, follow these steps.
site-renew-step-start = Start the application
site-renew-step-start-about = Press this button on the PC that has the certificate. If your browser asks for confirmation, choose “Open”.
site-renew-step-press = Select the certificate and press “Renew”
site-renew-step-press-about = No user ID and no initial password are needed. The application checks that the new certificate works.
site-renew-step-open = Open the service
site-renew-step-open-about = If the browser offers you two certificates, choose the one that expires later.
site-renew-install = If the application is not on the PC
site-renew-install-about = Download and run the installer, then follow the steps above.
site-renew-expired = If the certificate has expired, or you have a new PC
site-renew-expired-about = Renewal is then not possible. A reissue with a new initial password is needed: please ask your company’s administrator.

# Renew, until the application can
site-reissue-lead = The renewal period begins { $days } days before a certificate expires and ends when it expires.
site-reissue-label = Renewal cannot be started from this page
site-reissue = Please have a new certificate issued in its place (reissue) before it expires, as follows.
site-reissue-command = A certificate that was issued by command is renewed by running “{ $program } renew” on its PC. If that is not possible, please have a new one issued in its place (reissue) before it expires, as follows.
site-reissue-step-ask = Get a new initial password
site-reissue-step-ask-about = Please ask your company’s administrator for a reissue and a new initial password. Your user ID stays the same.
site-reissue-step-issue = Issue the certificate
site-reissue-step-issue-about = Follow the steps to issue a certificate, with the new initial password. Once it is issued, your old certificate can no longer be used.
site-reissue-open = Go to the page to issue a certificate
site-reissue-expired = The steps are the same when the certificate has expired, or when you have a new PC.

# Root certificate
site-root-title = Root certificate download
site-root-lead = Usually you do not need this. The issuing application installs the root certificate together with your certificate.
site-root-when = It is meant for system administrators who set up many PCs, and for comparing with the printed slip.
site-root-download = Download the root certificate (ZIP)
site-root-compare = Check the fingerprint
site-root-compare-about = Make sure that this value is the root certificate fingerprint printed on your slip.
site-root-differs-label = If even one character differs
site-root-differs = Do not use the downloaded file. Please use the contact at the foot of this page.
site-root-name = Root certificate
site-root-fingerprint = Fingerprint (SHA-256)
site-root-contents = What the ZIP file contains
site-root-file-root = The root certificate. On Windows it belongs in “Trusted Root Certification Authorities”.
site-root-file-intermediate = An intermediate certificate. On Windows it belongs in “Intermediate Certification Authorities”.

# Downloads
site-download-title = Downloads
site-download-lead = Everything there is of the issuing application. Please choose what fits your PC.
site-download-all = See all downloads
site-download-none-label = There is nothing to download
site-download-none = At present the issuing application is not available from this page.
site-download-none-next = If you need it, please use the contact at the foot of this page.

# Not found, not accepted
site-not-found-title = Page not found
site-not-found-cause = The address may contain a mistake, or the page may be gone.
site-not-found-check = Please compare the address with the one printed on your slip.
site-not-found-home = Press the name of the service at the top to go back to the first page.
site-method-title = This cannot be done here
site-method-cause = This page can only be viewed or downloaded.
site-host-title = The address could not be verified
site-host-cause = The address that your browser sent contains characters that are not allowed.
site-trouble-title = Not available at the moment
site-trouble-cause = A file could not be read.
site-trouble-retry = Please wait a little and try again.
