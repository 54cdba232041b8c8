# Installers

package-product = Issuing application ({ $service })
package-about = For { $organisation }: issues and renews the client certificates of { $service }.
package-newer = A newer version is installed already. This installer is not needed: please close this window and use the installed application.

# As the issuing site calls them
package-for-me = { $platform } (for you only, without administrator rights)
package-for-all = { $platform } (for everyone on the PC, needs administrator rights)
package-archive = { $platform } (for you only, run in a terminal)

# What install.sh says on Linux
package-installed = Installed. Start “{ $product }” from the menu.
package-removed = Uninstalled. Certificates and keys are kept.
package-keys-removed = Uninstalled. The certificates and keys of this service were removed, too.
package-not-all-removed = Uninstalled. For the reason given above, something could not be removed and is still there.
package-not-there = It is not installed.
package-no-home = The variable HOME is not set. Please sign in again as the user who will use the application, then run this once more.
package-usage = Usage: ./install.sh installs, ./install.sh --uninstall removes, ./install.sh --uninstall --remove-keys removes certificates and keys as well
