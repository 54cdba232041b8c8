# Notices to subscribers and branches

# After a renewal
mail-renewed-subject = [{ $service }] Your certificate was renewed
mail-renewed-body =
    Your certificate for { $service } was renewed.

    User ID:       { $user_id }
    Valid until:   { $until }
    Serial number: { $serial }

    There is nothing you need to do. The certificate before will stop working in a while.

    If you did not expect this, please call at once:
    { $help }

    { $organisation }

# Before expiry
mail-reminder-subject = [{ $service }] Your certificate expires on { $date }
mail-reminder-body =
    Your certificate for { $service } will expire soon.

    User ID:     { $user_id }
    Valid until: { $until }

    { $action }

    If you have questions, please contact:
    { $help }

    { $organisation }
mail-reminder-renew = Action needed: start the issuing application on your PC and press Renew. After this date you cannot use { $service }.
mail-reminder-later = Action needed: renewal opens on { $opens }. From then on, start the issuing application and press Renew.
mail-reminder-none = There is nothing you need to do. Your certificate renews by itself when your PC is on and you are signed in at some time before this date.
mail-reminder-overdue = Action needed: automatic renewal has not succeeded so far. Please start the issuing application on your PC and press Renew.

# Hold and revocation
mail-held-subject = [{ $service }] Your certificate was put on hold
mail-held-body =
    Your certificate for { $service } was put on hold. You cannot use { $service } until it is released.

    User ID:       { $user_id }
    On hold since: { $at }

    To have it released, or if you did not expect this, please contact:
    { $help }

    { $organisation }
mail-released-subject = [{ $service }] You can use your certificate again
mail-released-body =
    The hold on your certificate for { $service } was released. You can use { $service } again.

    User ID:  { $user_id }
    Released: { $at }

    There is nothing you need to do.

    If you did not expect this, please call at once:
    { $help }

    { $organisation }
mail-revoked-subject = [{ $service }] Your certificate was revoked
mail-revoked-body =
    Your certificate for { $service } was revoked. It can no longer be used.

    User ID: { $user_id }
    Revoked: { $at }

    To go on using the service you need a new certificate. To ask for one, or if you did not expect this, please contact:
    { $help }

    { $organisation }

# Before a credential lapses
mail-lapsing-subject = [{ $service }] Your initial password works until { $date }
mail-lapsing-body =
    Your initial password for { $service } has not been used. After its date it no longer issues a certificate.

    User ID:                { $user_id }
    Initial password until: { $until }

    Please start the issuing application before that date and press Issue. If you do not have the initial password at hand, please contact:
    { $help }

    { $organisation }

# After a change of e-mail: to the old address, to the new one
mail-email-old-subject = [{ $service }] Your e-mail address was changed
mail-email-old-body =
    The e-mail address registered with { $service } was changed. Notices go to the new address from now on.

    User ID: { $user_id }
    Changed: { $at }

    There is nothing you need to do.

    If you did not ask for this, please call at once:
    { $help }

    { $organisation }
mail-email-new-subject = [{ $service }] This e-mail address is registered
mail-email-new-body =
    Notices of { $service } are sent to this e-mail address from now on.

    User ID: { $user_id }
    Changed: { $at }

    There is nothing you need to do.

    If you did not expect this, please contact:
    { $help }

    { $organisation }

# To a branch, once a day
mail-digest-subject = [{ $service }] For your attention, { $day }
mail-digest-body =
    To { $branch },

    please look after the following at { $service }.

    { $sections }

    This mail comes once a day, and only when there is something to tell.
    If you have questions, please contact:
    { $help }

    { $organisation }
mail-digest-expiring =
    Certificates about to expire: { $count }
    They are not renewed yet. Please ask the users to renew.
    { $items }
mail-digest-undelivered =
    Mails that could not be delivered: { $count }
    Please ask the users for their e-mail addresses.
    { $items }
mail-digest-lapsing =
    Initial passwords about to lapse: { $count }
    Please ask the users to issue their certificates in time.
    { $items }
mail-digest-locked =
    Users with a locked password: { $count }
    Please unlock or reset after asking what happened.
    { $items }
mail-digest-item-until = - { $user_id }  until { $date }
mail-digest-item-unmailed = - { $user_id }  until { $date } (not notified: no e-mail address is registered)
mail-digest-item-undelivered = - { $user_id }  { $date }, { $what }
mail-digest-item-locked = - { $user_id }  since { $date }
mail-digest-more = and { $count } more

# Names of kinds of mail
mail-name-issued = notice of issue
mail-name-renewed = notice of renewal
mail-name-reminder = expiry reminder
mail-name-held = notice of hold
mail-name-released = notice of release
mail-name-revoked = notice of revocation
mail-name-lapsing = notice of the initial password's date
mail-name-email-confirm = request to confirm an e-mail address
mail-name-email = notice of a changed e-mail address
