# ゲートウェイのお断りの画面。何が起きたか、次に何をするか、どこへ問い合わせるか、の順に書く。

gateway-contact = ご不明な点は、取引営業部店へお問い合わせください。

# 電子証明書を選び直す手順（複数の画面で使う）
gateway-choose-again = ブラウザーの画面をすべて閉じてから開き直し、証明書の選択画面で、このサービスの電子証明書（利用者IDが表示されているもの）を選んでください。
gateway-choose-newer = 更新または再発行した電子証明書をお持ちの場合は、ブラウザーの画面をすべて閉じてから開き直し、新しい電子証明書を選んでください。
gateway-issue = このサービスの電子証明書をお持ちでない場合は、電子証明書発行・更新サイトで新規発行を行ってください。
gateway-reissue = 新しい電子証明書をお持ちでない場合は、統括会社の管理者へ再発行をご依頼ください。
gateway-try-later = しばらくたってから、もう一度接続してください。

gateway-no-certificate-headline = 電子証明書を確認できませんでした
gateway-no-certificate-cause = このサービスは、電子証明書がインストールされたPCからのみご利用いただけます。今回の接続では、電子証明書が提示されませんでした。

gateway-not-yet-valid-headline = 電子証明書の有効期間が始まっていません
gateway-not-yet-valid-cause = ご提示の電子証明書は、{ $from } からご利用いただけます。
gateway-not-yet-valid-step = 有効期間が始まってから、もう一度接続してください。

gateway-expired-headline = 電子証明書の有効期限が切れています
gateway-expired-cause = ご提示の電子証明書の有効期限は、{ $until } まででした。

gateway-wrong-issuer-headline = このサービスの電子証明書ではありません
gateway-wrong-issuer-cause = ご提示の電子証明書は、このサービスのために発行されたものではありません。

gateway-wrong-usage-headline = この電子証明書ではご利用いただけません
gateway-wrong-usage-cause = ご提示の電子証明書は、利用者の認証に使うためのものではありません。

gateway-held-headline = 電子証明書が一時停止されています
gateway-held-cause = ご提示の電子証明書は、現在、ご利用が一時停止されています。
gateway-held-step = 統括会社の管理者へ、一時停止の解除をご依頼ください。

gateway-revoked-headline = 電子証明書が失効しています
gateway-revoked-cause = ご提示の電子証明書は失効しているため、ご利用いただけません。
gateway-revoked-step = 失効にお心当たりがない場合は、すぐに取引営業部店へご連絡ください。

gateway-unknown-path-headline = ページが見つかりませんでした
gateway-unknown-path-cause = 指定されたアドレスには、ご利用いただけるサービスがありません。
gateway-unknown-path-step = アドレスに誤りがないかご確認のうえ、ご案内しているアドレスからもう一度お入りください。

gateway-status-stale-headline = ただいまサービスをご利用いただけません
gateway-status-stale-cause = 電子証明書の有効性を確認するための情報が最新でないため、安全を優先して接続をお断りしています。お客さまの電子証明書やPCの問題ではありません。

gateway-upstream-unreachable-headline = ただいまサービスに接続できません
gateway-upstream-unreachable-cause = 電子証明書は確認できましたが、サービスのシステムと通信できませんでした。

gateway-upstream-timeout-headline = サービスから応答がありませんでした
gateway-upstream-timeout-cause = 電子証明書は確認できましたが、サービスのシステムから時間内に応答がありませんでした。
gateway-upstream-timeout-step = お手続きの途中だった場合は、二重のお手続きを避けるため、まず結果が反映されていないかをご確認ください。

gateway-bad-request-headline = 要求を受け付けられませんでした
gateway-bad-request-cause = ブラウザーから送られた要求の形式に誤りがあります。
gateway-bad-request-step = ブラウザーの画面をすべて閉じてから開き直し、もう一度接続してください。

gateway-method-not-allowed-headline = この操作は受け付けておりません
gateway-method-not-allowed-cause = 指定された操作は、このサービスではご利用いただけません。
gateway-method-not-allowed-step = サービスの画面に戻り、画面のボタンから操作してください。
