#!/bin/sh
# Makes the .app and the .pkg, on a Mac with Xcode's command line tools:
#   ./make-pkg.sh TEGATA-APP
# TEGATA-APP is the executable (`cargo build --profile app --package tegata-app`; `lipo -create`
# joins one for each kind of Mac). With TEGATA_SIGN_APPLICATION and TEGATA_SIGN_INSTALLER, the
# names of the identities in the keychain, both are signed; notarise the .pkg afterwards.
#
# UNTESTED: nobody has run this yet.
set -eu
[ $# -eq 1 ] || {
    echo 'usage: ./make-pkg.sh TEGATA-APP' >&2
    exit 2
}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

app="$work/root/Applications/@BUNDLE@.app"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources"
cp "$here/Info.plist" "$app/Contents/Info.plist"
cp "$1" "$app/Contents/MacOS/tegata-app"
chmod 755 "$app/Contents/MacOS/tegata-app"
# Beside the executable, where the application looks for it.
cp "$here/brand.json" "$app/Contents/MacOS/brand.json"

icons="$work/tegata.iconset"
mkdir "$icons"
for size in 16 32 128 256 512; do
    sips -z $size $size "$here/tegata-1024.png" --out "$icons/icon_${size}x$size.png" >/dev/null
    double=$((size * 2))
    sips -z $double $double "$here/tegata-1024.png" --out "$icons/icon_${size}x$size@2x.png" >/dev/null
done
iconutil --convert icns --output "$app/Contents/Resources/tegata.icns" "$icons"

if [ -n "${TEGATA_SIGN_APPLICATION:-}" ]; then
    codesign --force --options runtime --timestamp --sign "$TEGATA_SIGN_APPLICATION" "$app"
fi
set -- --root "$work/root" --identifier @IDENTIFIER@ --version @VERSION@ --install-location /
if [ -n "${TEGATA_SIGN_INSTALLER:-}" ]; then
    set -- "$@" --sign "$TEGATA_SIGN_INSTALLER"
fi
pkgbuild "$@" "$here/tegata-app-@ISSUER@-@VERSION@.pkg"
