# Mails to subscribers
mail-issued-subject = [{ $service }] Your certificate was issued
mail-issued-body =
    Your certificate for { $service } was issued.

    User ID:       { $user_id }
    Valid until:   { $until }
    Serial number: { $serial }

    Notices about its expiry will come to this address.
    There is nothing you need to do.

    If you did not ask for it, please call at once:
    { $help }

    { $organisation }
