# tegata demo の見本サービス
sample-title = ご利用いただけます
sample-greeting = ようこそ、{ $user_id } 様。電子証明書を確認しました。
