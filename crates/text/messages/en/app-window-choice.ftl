# The page of the browser's choice of certificate.

window-choice-open = Let the browser choose the certificate
window-choice-heading = Automatic choice of the certificate
window-choice-looking = Looking at the settings. Please wait.
window-choice-lead = When the service ({ $url }) is opened, the browser chooses the certificate of this service by itself. It no longer asks which one to use; other sites are not affected.
window-choice-entries = What is written (AutoSelectCertificateForUrls)
window-choice-places = Where it is written
window-choice-place-written = { $browser } (written)
window-choice-rights = Writing it may need the rights of this PC’s administrator.
window-choice-write = Write the setting
window-choice-remove = Remove the setting
window-choice-stands = The setting is written already.
window-choice-stands-do = To undo it, press “Remove the setting” on this page.
window-choice-written = The setting was written.
window-choice-written-do =
    It takes effect when all windows of the browser were closed and it is opened again.
    To undo it, press “Remove the setting” on this page. Uninstalling this application removes it, too.
window-choice-removed = The setting was removed.
window-choice-removed-do = When all windows of the browser were closed and it is opened again, it asks for the certificate as before.
window-choice-failed-do = Try again. If it goes on, ask your system administrator.
window-choice-told-write = Only an administrator of this PC can write this setting.
window-choice-told-remove = Only an administrator of this PC can remove this setting.
window-choice-told-do = Ask the administrator of this PC to run this command. Nothing was changed yet.
window-choice-told-write-windows-do =
    If you have an administrator’s rights, run this command in a command prompt that was opened with “Run as administrator”.
    If not, give what is to be written to your system administrator, who can add it to the policies of the browsers.
    Nothing was changed yet.
window-choice-told-remove-windows-do =
    If you have an administrator’s rights, run this command in a command prompt that was opened with “Run as administrator”.
    If not, ask your system administrator.
    Nothing was changed yet.
window-choice-command = Command for the administrator
window-choice-copy-command = Copy the command
window-choice-copy-entries = Copy what is written
