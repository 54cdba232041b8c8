# 自動更新: 予定と、画面の前に人がいないときの更新

schedule-description = 電子証明書の自動更新（Tegata）
schedule-on-daily = 自動更新をオンにしました。更新できる時期になると、このPCが電子証明書を自動で更新します。操作は必要ありません。
schedule-on-login = 自動更新をオンにしました。更新できる時期になると、このPCへのサインイン時に電子証明書を自動で更新します。操作は必要ありません。
schedule-warning = ただし、このままでは更新されません。{ $why }
schedule-off = 自動更新をオフにしました。電子証明書は、期限が切れる前にご自身で更新してください。
schedule-is-off = 自動更新はオフです。
schedule-is-on = 自動更新はオンです。
schedule-label-place = 登録先
schedule-failed = 自動更新の設定を変更できませんでした（{ $why }）。
schedule-failed-do = PCの管理者にご相談ください。それまでは、電子証明書をご自身で更新してください。
schedule-everyone-do = この設定はPCの管理者が全員のために登録したものです。変更はPCの管理者にご依頼ください。
schedule-control = { $option }に、改行などの制御文字が含まれています。
schedule-control-do = 制御文字を除いて、もう一度実行してください。
app-help-schedule = 電子証明書の自動更新をオンまたはオフにします。オンにすると、1日1回、画面を出さずに更新の時期を確認します。
app-help-schedule-on = 自動更新をオンにします（--storeなどの指定も引き継ぎます）
app-help-schedule-off = 自動更新をオフにします
app-help-schedule-show = 自動更新の状態を表示します（既定）
app-help-renew-unattended = 何も尋ねず、失敗したときは間隔をあけてやり直し、必要なときだけ画面に通知します（--all-dueとともに使用）
app-help-renew-spread = 更新する前に、最大でこの時間（0～24）のうち無作為に決めた時間だけ待ちます

unattended-busy = 自動更新は、すでに実行中です。
unattended-waits = { $user }の更新は{ $until }以降にやり直します（{ $code }）。
unattended-stopped = { $user }の更新は、操作が必要なため中断しています（{ $code }）。
unattended-renewed-title = 電子証明書を自動で更新しました
unattended-renewed-body = { $user }の電子証明書は{ $until }まで有効です。操作は必要ありません。
unattended-failed-title = 電子証明書を自動で更新できませんでした
unattended-failed-body = { $user }の電子証明書は{ $until }に期限が切れます。{ $why }
unattended-failed-store = 電子証明書の更新の時期を確認できませんでした。{ $why }
unattended-failed-open = 証明書発行アプリケーションを開き、「更新する」を押してください。
unattended-failed-command = 次のコマンドを実行してください: { $command }

remove-told = 古い電子証明書を使わなくなったことを、サーバーに伝えました。
remove-untold = 古い電子証明書を使わなくなったことを、サーバーに伝えられませんでした。数日後に自動で失効するため、操作は必要ありません。

window-settings-schedule = 電子証明書の自動更新
window-settings-schedule-help = オンにすると、更新できる時期に、このPCが自動で更新します。
window-settings-schedule-off = 自分で更新する
window-settings-schedule-on = 自動で更新する
window-done-schedule-on = 自動更新をオンにする
