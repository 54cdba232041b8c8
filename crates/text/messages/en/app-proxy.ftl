# Proxies. First what happened, then what to do now, then whom to call.

## When there is no connection

app-proxy-named = { $proxy } ({ $realm })
app-proxy-unreachable = The proxy { $proxy } could not be reached ({ $why }).
app-proxy-unreachable-do = Check that this PC is in your company's network. You can name a proxy with --proxy; where there is none, use --proxy none. If it goes on, call your company's system administrator.
app-proxy-forbidden = The proxy { $proxy } does not allow connections to this site (status { $status }).
app-proxy-forbidden-do = Ask your company's system administrator to allow connections to the issuing site.
app-proxy-status = The proxy { $proxy } could not connect to the site (status { $status }).
app-proxy-status-do = Check the address of the site and try again later. If it goes on, call your company's system administrator.
app-proxy-unusable = The proxy { $proxy } gave no proper answer ({ $why }).
app-proxy-unusable-do = Check the proxy's address and port; you can name it with --proxy. If you do not know them, ask your company's system administrator.
app-proxy-password-missing = The proxy { $proxy } asks for a user name and a password.
app-proxy-password-missing-do = Enter them on the terminal, or give --proxy-user and --proxy-password-file, and run the command again. Ask your company's system administrator for them.
app-proxy-password-wrong = The proxy { $proxy } did not accept the user name or the password.
app-proxy-password-wrong-do = This stopped here, because more wrong passwords may lock the account. Check the user name and the password, and run the command again. In a Windows network, enter them as DOMAIN\name. If you do not know them, ask your company's system administrator.
app-proxy-scheme-unknown = The proxy { $proxy } asks who you are in a way that this program cannot answer ({ $schemes }).
app-proxy-scheme-unknown-do = Ask your company's system administrator to allow connections to the issuing site without signing in.
app-proxy-script = The proxy script could not be used ({ $url }: { $why }).
app-proxy-script-do = Check the script's address given with --proxy. If you do not know it, ask your company's system administrator.
app-proxy-setting = The environment variable { $name } is not the address of a proxy that can be used.
app-proxy-setting-do = Write it as http://HOST:PORT, or name the proxy with --proxy. SOCKS proxies cannot be used.

## Inspected connections

app-intercepted = The server's certificate was issued by "{ $issuer }", which this PC does not know. A proxy of your company or a virus scanner inspects encrypted connections, or someone else is intercepting this one. Nothing about the user was sent.
app-intercepted-do = Ask your company's system administrator whether "{ $issuer }" is theirs. If so, ask for the issuing site's host to be exempted from inspection, or for that authority's root certificate to be added to the trusted roots of this PC's system: then issuing and renewing work in spite of the inspection. If it is not theirs, call your branch.
app-proxy-inspected = Note: this connection is inspected by a proxy or a program that uses the authority "{ $issuer }". This PC trusts it, so issuing and renewing work. To avoid the inspection, ask your system administrator to exempt the site's host.

## Questions

app-ask-proxy = The proxy { $proxy } asks for a user name and a password. They are used for this run only.
app-ask-proxy-again = The proxy { $proxy } did not accept the user name or the password (try { $attempt } of 3).
app-ask-proxy-plain = The password goes to this proxy unencrypted.
app-ask-proxy-user = User name for the proxy
app-ask-proxy-password = Password for the proxy (not shown)

## Wrong options

app-bad-proxy = The proxy (--proxy) is not right.
app-bad-proxy-do = Use auto, none, http://HOST:PORT or pac:http://HOST/PATH. A user name and a password are given with --proxy-user and --proxy-password-file.
app-proxy-user-alone = --proxy-user and --proxy-password-file belong together.
app-proxy-user-alone-do = Give both, or neither: then they are asked for when the proxy needs them.

## Help

app-help-proxy-choice =
    Proxy to use:
    auto (the default: HTTPS_PROXY and NO_PROXY, then the system's settings), none, http://HOST:PORT, or pac: and the address of a proxy script
app-help-proxy-user = User name for the proxy, also DOMAIN\name (default: asked for when needed)
app-help-proxy-password = File with the password for the proxy; - is standard input
