# The browser's choice of certificate.

choice-shown = With this setting the browser chooses the certificate by itself when { $url } is opened. Add --write to write it.
choice-written = The setting was written. It takes effect when the browser is restarted.
choice-removed = The setting was removed. It takes effect when the browser is restarted.
choice-nothing = There was no such setting to remove.
choice-firefox = Firefox has no such setting. Tick "Remember this decision" in its selection dialog.
choice-no-certificate = There is no certificate that was issued on this PC.
choice-no-certificate-do = Issue a certificate first.
choice-form = The address of the service has no form that the browser's setting can name.
choice-taken = { $path } sets the same already.
choice-taken-do = Nothing was written, because the browser would obey only one of them. Ask your administrator to add this setting there.
choice-administrator = Only an administrator can write { $path }.
choice-administrator-do = Run the command again as administrator.
choice-no-browser = No browser that takes this setting was found.
app-help-autoselect = Show, write or remove the setting by which the browser chooses this service's certificate by itself
app-help-autoselect-write = Write the setting
app-help-autoselect-remove = Remove the setting
