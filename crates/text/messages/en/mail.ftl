# Mails to subscribers
mail-issued-subject = [{ $service }] Your certificate was issued
mail-issued-body =
    Your certificate for { $service } was issued.

    User ID:       { $user_id }
    Valid until:   { $until }
    Serial number: { $serial }

    This e-mail address is registered. There is nothing you need to do.

    If you did not ask for it, please call at once:
    { $help }

    { $organisation }
