# Why mails wait, for whoever runs the service.

outbox-server-unreachable = no connection to the mail server
outbox-server-tls = the TLS certificate of the mail server is not trusted, or it has none
outbox-server-password = the mail server refuses the user name or the password
outbox-server-closed = the mail server takes no mail from this machine
