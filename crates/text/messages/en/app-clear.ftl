# What an uninstaller runs.

clear-done = What the issuing application added to this PC was removed.
app-help-clear = Remove what the issuing application added to this PC, as its uninstaller does: settings, the browser's setting, and the root and issuing CA certificates that no certificate needs; certificates stay
app-help-clear-keys = Remove this service's certificates and keys as well
