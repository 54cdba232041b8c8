# 利用者へのメール
mail-issued-subject = 【{ $service }】電子証明書を発行しました
mail-issued-body =
    { $service } の電子証明書を発行しました。

    利用者ID： { $user_id }
    有効期限： { $until }
    シリアル番号： { $serial }

    このメールアドレスを登録しました。お手続きは必要ありません。

    発行にお心当たりがないときは、すぐに次の窓口へご連絡ください。
    { $help }

    { $organisation }
