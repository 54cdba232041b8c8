# Another e-mail address, asked for by its user
problem-email-same = This e-mail address is registered already.
problem-email-same-detail = Enter another address.
problem-email-overtaken = A later request for another e-mail address was received.
problem-email-overtaken-detail = Enter the address that is right and try again.
problem-clock-detail = Set the date, the time and the time zone of the PC, then try again.
app-email-asked = A mail to confirm the address goes to { $email }.
app-email-asked-do = Open the link in it within 24 hours. Until then the address stays as it is.
app-help-email = Register another e-mail address, authorised by the present certificate
app-help-email-mail = The new address
app-help-email-user = User ID, where there are several certificates
