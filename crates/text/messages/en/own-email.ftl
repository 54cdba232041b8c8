# Another e-mail address, asked for by its user
problem-email-same = This e-mail address is registered already.
problem-email-same-detail = Enter another address.
app-email-asked = A mail to confirm the address goes to { $email }.
app-email-asked-do = Open the link in it within 24 hours. Until then the address stays as it is.
app-help-email = Register another e-mail address, authorised by the present certificate
app-help-email-mail = The new address
app-help-email-user = User ID, where there are several certificates
