# The doctor: what was found, what to do.

doctor-network = The issuing site can be reached ({ $site }).
doctor-site-unknown = The address of the issuing site is not known, so the connection was not checked.
doctor-site-unknown-do = Give the address on the slip and run the check again.
doctor-site = The site is the right one.
doctor-clock = The clock of this PC is right.
doctor-clock-ahead = The clock of this PC is { $minutes } minutes fast.
doctor-clock-behind = The clock of this PC is { $minutes } minutes slow.
doctor-clock-do = Set the date, the time and the time zone of the PC.
doctor-version = This version of the application ({ $version }) can be used.
doctor-root = The root certificate is trusted.
doctor-root-missing = The root certificate is not among the trusted ones.
doctor-root-missing-do = Press "Trust the root certificate".
doctor-certificate = The certificate to choose in the browser is { $name }.
doctor-several = Certificates that are not needed any more: { $count }. The one to choose in the browser is { $name }.
doctor-several-do = Remove the old ones, so that nobody chooses the wrong one.
doctor-due = The certificate { $name } expires in { $days } days.
doctor-due-do = Press "Renew" to renew it on this PC now.
doctor-none = There is no certificate on this PC.
doctor-none-do = Press "Issue a certificate" and use the user ID and the initial password on the slip.
doctor-no-key = There is a certificate, but its key is not on this PC.
doctor-expired = The certificate has expired.
doctor-expired-do = Ask your branch for a new initial password, then press "Issue a certificate".
doctor-not-yet = By the clock of this PC, the validity of the certificate has not begun.
doctor-key = The key of the certificate can be used.
doctor-key-silent = The key of the certificate does not answer.
doctor-key-silent-do = If restarting the PC does not help, ask your branch for a new initial password and issue again.
doctor-report = Check of this PC
doctor-all-good = No problem was found.
doctor-some-bad = Problems found: { $count }.
doctor-saved = The report was saved: { $path }

app-help-doctor = Checks whether certificates work on this PC, and says what would help. Nothing is changed.
app-help-doctor-site = address of the issuing site (not needed for what was issued on this PC)
app-help-doctor-reference = reference on a page that refused; written into the report
app-help-doctor-report = file for the report (it holds no password and no key)
