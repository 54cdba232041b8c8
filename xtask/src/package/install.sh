#!/bin/sh
# Installs the application for the user who runs this, without root, or removes it:
#   ./install.sh
#   ./install.sh --uninstall [--remove-keys]
# With STARTATLOGIN=1 in the environment it renews by itself what is due, as the MSI packages do.
set -eu

name=@NAME@
version=@VERSION@

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
ja*)
    ja_key=Name
    en_key='Name[en]'
    installed=@JA_INSTALLED@
    removed=@JA_REMOVED@
    keys_removed=@JA_KEYS_REMOVED@
    not_all_removed=@JA_NOT_ALL_REMOVED@
    not_there=@JA_NOT_THERE@
    newer=@JA_NEWER@
    no_home=@JA_NO_HOME@
    usage=@JA_USAGE@
    ;;
*)
    ja_key='Name[ja]'
    en_key=Name
    installed=@EN_INSTALLED@
    removed=@EN_REMOVED@
    keys_removed=@EN_KEYS_REMOVED@
    not_all_removed=@EN_NOT_ALL_REMOVED@
    not_there=@EN_NOT_THERE@
    newer=@EN_NEWER@
    no_home=@EN_NO_HOME@
    usage=@EN_USAGE@
    ;;
esac

fail() { # exit code, sentence
    printf '%s\n' "$2" >&2
    exit "$1"
}

[ -n "${HOME:-}" ] || fail 1 "$no_home"
data=${XDG_DATA_HOME:-$HOME/.local/share}
config=${XDG_CONFIG_HOME:-$HOME/.config}
app=$HOME/.local/lib/$name
command=$HOME/.local/bin/$name
entry=$data/applications/$name.desktop
icons=$data/icons/hicolor

# Tells the desktop, where the tools for it are.
announce() {
    ! command -v update-desktop-database >/dev/null 2>&1 ||
        update-desktop-database -q "$data/applications" || :
}

install() {
    here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
    if [ -e "$app/version" ]; then
        there=$(cat "$app/version")
        last=$(printf '%s\n%s\n' "$there" "$version" | sort -V | tail -n 1)
        [ "$last" = "$version" ] || fail 1 "$newer ($there)"
    fi
    mkdir -p "$app.new" "${command%/*}" "${entry%/*}"
    for file in tegata-app brand.json install.sh; do
        cp "$here/$file" "$app.new/$file"
    done
    printf '%s\n' "$version" >"$app.new/version"
    # Whole or not at all, also when the old one is running.
    rm -rf "$app.old"
    [ ! -e "$app" ] || mv "$app" "$app.old"
    mv "$app.new" "$app"
    rm -rf "$app.old"
    ln -sf "../lib/$name/tegata-app" "$command"
    # In quotes only where it has to be (Desktop Entry Specification, Exec key): xdg-open, where no
    # desktop takes the link from it, takes quotes for a part of the name.
    program=$(printf '%s' "$app/tegata-app" | sed 's/%/%%/g')
    case $program in
    *[[:space:]\"\'\\\`\$\<\>\~\|\&\;\*\?\#\(\)]*)
        program=\"$(printf '%s' "$program" | sed 's/\\/\\\\\\\\/g; s/["`$]/\\\\&/g')\" ;;
    esac
    while IFS= read -r line; do
        case $line in
        Exec=*) printf 'Exec=%s %%u\n' "$program" ;;
        # The name that browsers show is the plain one: in this user's language.
        Name=*) printf '%s=%s\n' "$ja_key" "${line#*=}" ;;
        'Name[en]='*) printf '%s=%s\n' "$en_key" "${line#*=}" ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$here/$name.desktop" >"$entry"
    for icon in 48x48/tegata-48.png 256x256/tegata-256.png scalable/tegata.svg; do
        mkdir -p "$icons/${icon%%/*}/apps"
        cp "$here/${icon#*/}" "$icons/${icon%%/*}/apps/$name.${icon##*.}"
    done
    announce
    # Without the database of handlers the choice has to be written down.
    [ -e "$data/applications/mimeinfo.cache" ] || ! command -v xdg-mime >/dev/null 2>&1 ||
        xdg-mime default "$name.desktop" x-scheme-handler/@SCHEME@ || :
    # Only its own result: what is installed stays installed.
    [ "${STARTATLOGIN:-}" != 1 ] || "$app/tegata-app" @SCHEDULE@ || :
    [ "${STARTATLOGIN:-}" != 0 ] || "$app/tegata-app" @UNSCHEDULE@ || :
    printf '%s\n' "$installed"
}

uninstall() {
    program=$app/tegata-app
    said=$removed
    result=0
    case ${1:-} in
    --remove-keys)
        said=$keys_removed
        # Also where the application itself went before: the archive holds another one.
        [ -e "$app/version" ] || program=$(cd "$(dirname "$0")" && pwd)/tegata-app
        [ -x "$program" ] || fail 1 "$not_there"
        "$program" @CLEAR_KEYS@ || result=1
        ;;
    '')
        [ -e "$app/version" ] || fail 1 "$not_there"
        # What it removes is nothing to the person: the certificates stay.
        "$program" @CLEAR@ >/dev/null || result=1
        ;;
    *) fail 2 "$usage" ;;
    esac
    # What is installed goes in any case.
    rm -f "$command" "$entry"
    rm -f "$icons/48x48/apps/$name.png" "$icons/256x256/apps/$name.png" \
        "$icons/scalable/apps/$name.svg"
    for list in "$config/mimeapps.list" "$data/applications/mimeapps.list"; do
        [ ! -e "$list" ] || sed -i --follow-symlinks "/=$name\.desktop;*\$/d" "$list"
    done
    announce
    rm -rf "$app"
    # Folders that nobody else uses.
    for folder in "$icons/48x48/apps" "$icons/48x48" "$icons/256x256/apps" "$icons/256x256" \
        "$icons/scalable/apps" "$icons/scalable" "$icons" "${icons%/*}" "$HOME/.local/lib"; do
        rmdir "$folder" 2>/dev/null || :
    done
    # The application has said what stayed.
    [ "$result" = 0 ] || fail 1 "$not_all_removed"
    printf '%s\n' "$said"
}

case ${1:-} in
'') install ;;
--uninstall) uninstall "${2:-}" ;;
*) fail 2 "$usage" ;;
esac
