#!/bin/sh
# Makes the .png and .ico files of the icon from tegata.svg. Needs librsvg2-bin and icoutils; the
# same versions give the same octets. What they made is kept, so that nobody needs them to build.
set -eu
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for size in 16 20 24 32 40 48 64 128 256; do
    rsvg-convert --width "$size" --height "$size" --output "$scratch/$size.png" tegata.svg
done
cp "$scratch/48.png" tegata-48.png
cp "$scratch/256.png" tegata-256.png
rsvg-convert --width 1024 --height 1024 --output tegata-1024.png tegata.svg
# Largest first, the way Windows picks; 256 stays a PNG inside.
icotool --create --output=tegata.ico --raw="$scratch/256.png" \
    "$scratch/64.png" "$scratch/48.png" "$scratch/40.png" "$scratch/32.png" \
    "$scratch/24.png" "$scratch/20.png" "$scratch/16.png"
