# Changes of an e-mail address: mails and pages

mail-email-confirm-subject = [{ $service }] Please confirm your e-mail address
mail-email-confirm-body =
    This e-mail address is to be registered for { $service }.

    User ID: { $user_id }

    Please open this page and press “Register this address”:
    { $link }

    The link works once, until { $until }. Until then the present address stays registered.

    If you know nothing of this, do not open the link, and please call:
    { $help }

    { $organisation }

site-email-title = Confirm an e-mail address
site-email-lead = Mails about the certificate for { $service } will go to this address. If it is right, please press the button.
site-email-user = User ID
site-email-address = New e-mail address
site-email-confirm = Register this address
site-email-unknown-label = If you know nothing of this
site-email-unknown = Close this page without pressing the button. Nothing changes. Please use the contact at the foot of this page.
site-email-done-title = The e-mail address was registered
site-email-done = From now on, mails about the certificate go to { $email }. There is nothing else you need to do.
site-email-gone-title = This link does not work any more
site-email-gone-cause = A link works once, for 24 hours, and only until a newer one is sent.
site-email-gone-check = If you have used it already, a mail at the new address says that it was registered.
site-email-gone-again = If not, please start the change again with “Change e-mail address” in the application, or ask your branch or your company’s administrator.
site-too-many-title = There were many requests in a short time
site-too-many-cause = For safety, requests are accepted at a limited pace.

# Whom to call, behind every refusal that a person may have to call for
problem-help = For help: { $help }
