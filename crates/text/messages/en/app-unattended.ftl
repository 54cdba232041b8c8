# Automatic renewal: the schedule, and renewing with nobody in front of the screen.

schedule-description = Automatic renewal of certificates (Tegata)
schedule-on-daily = Automatic renewal is now on. When it is time, this PC renews the certificate by itself. There is nothing for you to do.
schedule-on-login = Automatic renewal is now on. When it is time, the certificate is renewed as you sign in to this PC. There is nothing for you to do.
schedule-warning = But as things stand nothing will be renewed. { $why }
schedule-off = Automatic renewal is now off. Please renew the certificate yourself before it expires.
schedule-is-off = Automatic renewal is off.
schedule-is-on = Automatic renewal is on.
schedule-label-place = Registered at
schedule-failed = The setting of automatic renewal could not be changed ({ $why }).
schedule-failed-do = Please ask whoever looks after this PC. Until then, renew the certificate yourself.
schedule-everyone-do = It was set up for everyone by whoever looks after this PC. Please ask them to change it.
schedule-control = { $option } has a line break or another control character in it.
schedule-control-do = Leave it out and try again.
app-help-schedule = Switches automatic renewal of certificates on or off. When on, the PC looks once a day, without a window, whether it is time.
app-help-schedule-on = switch automatic renewal on (with the --store and other options given here)
app-help-schedule-off = switch automatic renewal off
app-help-schedule-show = show whether it is on (default)
app-help-renew-unattended = ask nothing, wait longer after each failure, and tell the user only when it matters (with --all-due)
app-help-renew-spread = before renewing, wait a random time of up to so many hours (0 to 24)

unattended-busy = Automatic renewal is already running.
unattended-waits = { $user } is tried again after { $until } ({ $code }).
unattended-stopped = { $user } is not tried again before somebody has done something ({ $code }).
unattended-renewed-title = Your certificate was renewed automatically
unattended-renewed-body = The certificate of { $user } is now valid until { $until }. There is nothing for you to do.
unattended-failed-title = Your certificate could not be renewed automatically
unattended-failed-body = The certificate of { $user } ends on { $until }. { $why }
unattended-failed-store = Whether it is time to renew could not be found out. { $why }
unattended-failed-open = Please open the issuing application and press “Renew”.
unattended-failed-command = Please run this command: { $command }

remove-told = The server was told that the old certificate is not used any more.
remove-untold = The server could not be told that the old certificate is not used any more. It is revoked by itself in some days: there is nothing for you to do.

window-settings-schedule = Automatic renewal of the certificate
window-settings-schedule-help = When on, this PC renews the certificate by itself as soon as it can be renewed.
window-settings-schedule-off = I renew it myself
window-settings-schedule-on = Renew it automatically
window-done-schedule-on = Turn on automatic renewal
