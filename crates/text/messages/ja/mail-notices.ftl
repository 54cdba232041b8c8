# 利用者と取引営業部店へのお知らせメール

# 更新のあと
mail-renewed-subject = 【{ $service }】電子証明書を更新しました
mail-renewed-body =
    { $service } の電子証明書を更新しました。

    利用者ID： { $user_id }
    有効期限： { $until }
    シリアル番号： { $serial }

    お手続きは必要ありません。以前の電子証明書は、しばらくすると使えなくなります。

    更新にお心当たりがないときは、すぐに次の窓口へご連絡ください。
    { $help }

    { $organisation }

# 有効期限の前
mail-reminder-subject = 【{ $service }】電子証明書の有効期限は { $date } です
mail-reminder-body =
    { $service } の電子証明書の有効期限が近づいています。

    利用者ID： { $user_id }
    有効期限： { $until }

    { $action }

    ご不明な点は、次の窓口へお問い合わせください。
    { $help }

    { $organisation }
mail-reminder-renew = 【お手続きが必要です】お使いのパソコンで証明書発行アプリケーションを起動し、「更新する」を押してください。有効期限を過ぎると { $service } をご利用いただけなくなります。
mail-reminder-later = 【お手続きが必要です】更新は { $opens } から行えます。それ以降に証明書発行アプリケーションを起動し、「更新する」を押してください。
mail-reminder-none = お手続きは必要ありません。電子証明書は自動で更新されますので、有効期限までに、お使いのパソコンの電源を入れてサインインしてください。
mail-reminder-overdue = 【お手続きが必要です】自動更新がまだ済んでいません。お使いのパソコンで証明書発行アプリケーションを起動し、「更新する」を押してください。

# 一時停止と失効
mail-held-subject = 【{ $service }】電子証明書を一時停止しました
mail-held-body =
    { $service } の電子証明書を一時停止しました。解除されるまで、{ $service } はご利用いただけません。

    利用者ID： { $user_id }
    一時停止日時： { $at }

    解除をご希望のとき、またはお心当たりがないときは、次の窓口へご連絡ください。
    { $help }

    { $organisation }
mail-released-subject = 【{ $service }】電子証明書が使えるようになりました
mail-released-body =
    { $service } の電子証明書の一時停止を解除しました。{ $service } が使えるようになりました。

    利用者ID： { $user_id }
    解除日時： { $at }

    お手続きは必要ありません。

    お心当たりがないときは、すぐに次の窓口へご連絡ください。
    { $help }

    { $organisation }
mail-revoked-subject = 【{ $service }】電子証明書が失効しました
mail-revoked-body =
    { $service } の電子証明書が失効しました。この電子証明書は、今後お使いになれません。

    利用者ID： { $user_id }
    失効日時： { $at }

    引き続きご利用になるときは、再発行が必要です。再発行をご希望のとき、またはお心当たりがないときは、次の窓口へご連絡ください。
    { $help }

    { $organisation }

# 初期パスワードの期日の前
mail-lapsing-subject = 【{ $service }】初期パスワードの期限は { $date } です
mail-lapsing-body =
    { $service } の初期パスワードが、まだ使われていません。期限を過ぎると、電子証明書を発行できなくなります。

    利用者ID： { $user_id }
    初期パスワードの期限： { $until }

    期限までに証明書発行アプリケーションを起動し、「発行する」を押してください。初期パスワードがお手元にないときは、次の窓口へご連絡ください。
    { $help }

    { $organisation }

# メールアドレスの変更：これまでのアドレスへ、新しいアドレスへ
mail-email-old-subject = 【{ $service }】登録メールアドレスを変更しました
mail-email-old-body =
    { $service } にご登録のメールアドレスを変更しました。今後のお知らせは、新しいメールアドレスへお送りします。

    利用者ID： { $user_id }
    変更日時： { $at }

    お手続きは必要ありません。

    変更にお心当たりがないときは、すぐに次の窓口へご連絡ください。
    { $help }

    { $organisation }
mail-email-new-subject = 【{ $service }】このメールアドレスを登録しました
mail-email-new-body =
    { $service } からのお知らせの送り先として、このメールアドレスを登録しました。

    利用者ID： { $user_id }
    変更日時： { $at }

    お手続きは必要ありません。

    登録にお心当たりがないときは、次の窓口へご連絡ください。
    { $help }

    { $organisation }

# 取引営業部店へ、1日1回
mail-digest-subject = 【{ $service }】ご確認のお願い（{ $day }）
mail-digest-body =
    { $branch } ご担当者様

    { $service } について、次のとおりご確認をお願いいたします。

    { $sections }

    このメールは、お知らせすることがある日に1通だけお送りしています。
    ご不明な点は、次の窓口へお問い合わせください。
    { $help }

    { $organisation }
mail-digest-expiring =
    ■ まもなく有効期限を迎える電子証明書　{ $count }件
    まだ更新されていません。利用者に更新をご案内ください。
    { $items }
mail-digest-undelivered =
    ■ 届かなかったメール　{ $count }件
    利用者にメールアドレスをご確認ください。
    { $items }
mail-digest-lapsing =
    ■ まもなく失効する初期パスワード　{ $count }件
    期限までに電子証明書を発行するよう、利用者にご案内ください。
    { $items }
mail-digest-locked =
    ■ パスワードロック中の利用者　{ $count }件
    利用者に状況をご確認のうえ、解除または再設定をお願いいたします。
    { $items }
mail-digest-item-until = ・{ $user_id }　{ $date } まで
mail-digest-item-unmailed = ・{ $user_id }　{ $date } まで（メールアドレスの登録がないため、利用者には通知していません）
mail-digest-item-undelivered = ・{ $user_id }　{ $date }「{ $what }」
mail-digest-item-locked = ・{ $user_id }　{ $date } から
mail-digest-more = ほか { $count }件

# メールの種類の名前
mail-name-issued = 発行のお知らせ
mail-name-renewed = 更新のお知らせ
mail-name-reminder = 有効期限のお知らせ
mail-name-held = 一時停止のお知らせ
mail-name-released = 一時停止解除のお知らせ
mail-name-revoked = 失効のお知らせ
mail-name-lapsing = 初期パスワードの期限のお知らせ
mail-name-email-confirm = メールアドレス確認のお願い
mail-name-email = メールアドレス変更のお知らせ
