# Updates of the issuing application. First what happened, then what to do now, then whom to call.

## Progress

update-step-look = Looking for a new version.
update-step-download = Downloading the new version.
update-step-verify = Checking the download.
update-step-install = Putting the new version in place.
update-resumed = Going on with the download ({ $megabytes } MB are here already).
update-percent = { $percent }% ({ $done } of { $of } MB)
update-waiting = The connection was cut. The download goes on in { $seconds } seconds.

## Results

update-up-to-date = The issuing application is up to date (version { $version }).
update-available = Version { $new } of the issuing application is available (this is version { $version }; { $megabytes } MB).
update-required = This issuing application (version { $version }) can no longer be used. Please update to version { $new } ({ $megabytes } MB).
update-downgrade = The operator asks you to go back to version { $new } (this is version { $version }; { $megabytes } MB).
update-label-notes = What is new
update-postponed = You will be asked again in a day.
update-how = To update, run "{ $program } update --yes".
update-ask-yes-no = Type "yes" to update now; otherwise you will be asked again in a day
update-too-old = This issuing application (version { $version }) can no longer be used. Version { $minimum } or newer is needed.
update-from-site-do = Please get the issuing application from the issuing site and install it.
update-replaced = The issuing application is now version { $version }.
update-label-previous = Program before the update
update-handed-over = The installation of version { $version } has begun. The issuing application starts when it is done.
update-tell = Version { $version } was downloaded and checked. An administrator has to install it. Please run this command.

## Why there is no update

update-no-brand = This issuing application cannot be updated: it is not known which service's installer it came from.
update-no-keys = This issuing application has no key to check updates with.
update-unsigned = The update information has no valid signature. Nothing was downloaded.
update-malformed = The update information could not be read. Nothing was downloaded ({ $why }).
update-other-service = The update information is for another service ({ $service }). Nothing was downloaded.
update-replayed = The update information is an old one (number { $found }; the last one was { $seen }). Nothing was downloaded.
update-ambiguous = The update information is not the one that came with the same number ({ $number }) before. Nothing was downloaded.
update-not-believed-do = Please try again later. If it happens again, contact your branch.
update-expired = The update information ended at { $at }. Nothing was downloaded.
update-from-future = The update information was signed at { $at }, later than this PC's clock says. Nothing was downloaded.
update-clock-do = Check date and time of this PC. If they are right, contact your branch.
update-package-differs = The download is not what the operator signed ({ $why }) and was deleted. The program was not changed.
update-package-differs-do = Please try again. If it happens again, contact your branch.
update-bad-package = The new version does not work on this PC and was not installed ({ $why }). The present version stays.
update-bad-package-do = Please contact your branch.
update-under-way = An update is running already.
update-under-way-do = Please wait until it is done.
update-cancelled = The update was cancelled. The program was not changed.
update-cancelled-do = The next update goes on with the download.
update-disk-full = There is no room on the disk for the update ({ $path }). The program was not changed.
update-disk-full-do = Delete files that you do not need, then try again.
update-not-writable = The update was not possible: the folder of the program ({ $path }) cannot be written.
update-not-writable-do = Ask your system administrator to update the issuing application.
update-io = A file of the update could not be read or written ({ $path }: { $why }). The program was not changed.
update-io-do = Check free space and permissions, then try again.
update-installer = The installer did not start ({ $why }).

## Usage

app-help-update = Update the issuing application to a new version
app-help-update-check = Only look for a new version; download nothing
app-help-update-yes = Update without asking
app-help-update-more = Only what the operator signed is installed. The program before the update is kept under its name with ".previous".
