# ブラウザーによる電子証明書の自動選択の画面。

window-choice-open = ブラウザーに電子証明書を自動で選択させる
window-choice-heading = 電子証明書の自動選択
window-choice-looking = 設定を確認しています。しばらくお待ちください。
window-choice-lead =
    サービス（{ $url }）を開くとき、ブラウザーがこのサービスの電子証明書を自動で選択するようにします。
    選択画面は表示されなくなります。ほかのサイトでは、これまでと変わりません。
window-choice-entries = 書き込む内容（AutoSelectCertificateForUrls）
window-choice-places = 書き込む場所
window-choice-place-written = { $browser }（書き込み済み）
window-choice-rights = 書き込みには、このPCの管理者の権限が必要なことがあります。
window-choice-write = 設定を書き込む
window-choice-remove = 設定を取り除く
window-choice-stands = 自動選択の設定は、書き込み済みです。
window-choice-stands-do = やめるときは、この画面の「設定を取り除く」を押してください。
window-choice-written = 自動選択の設定を書き込みました。
window-choice-written-do =
    ブラウザーの画面をすべて閉じて、開き直すと有効になります。
    やめるときは、この画面の「設定を取り除く」を押してください。
    このアプリケーションをアンインストールするときにも取り除きます。
window-choice-removed = 自動選択の設定を取り除きました。
window-choice-removed-do = ブラウザーの画面をすべて閉じて、開き直すと、電子証明書の選択画面が再び表示されます。
window-choice-failed-do = もう一度お試しください。続く場合は、社内のシステム管理者にお尋ねください。
window-choice-told-write = 自動選択の設定は、このPCの管理者だけが書き込めます。
window-choice-told-remove = 自動選択の設定は、このPCの管理者だけが取り除けます。
window-choice-told-do = このPCの管理者に、次のコマンドの実行をご依頼ください。まだ何も変更していません。
window-choice-told-write-windows-do =
    管理者の権限をお持ちの場合は、「管理者として実行」で開いたコマンドプロンプトで、次のコマンドを実行してください。
    お持ちでない場合は、社内のシステム管理者に書き込む内容を示し、ブラウザーのポリシーへの追加をご依頼ください。
    まだ何も変更していません。
window-choice-told-remove-windows-do =
    管理者の権限をお持ちの場合は、「管理者として実行」で開いたコマンドプロンプトで、次のコマンドを実行してください。
    お持ちでない場合は、社内のシステム管理者にご相談ください。
    まだ何も変更していません。
window-choice-command = 管理者が実行するコマンド
window-choice-copy-command = コマンドをコピー
window-choice-copy-entries = 書き込む内容をコピー
