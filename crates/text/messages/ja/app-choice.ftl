# ブラウザーによる電子証明書の自動選択。

choice-shown = { $url } を開くとき、ブラウザーがこの電子証明書を自動で選択するようにする設定です。--writeを付けると書き込みます。
choice-written = 自動選択の設定を書き込みました。ブラウザーを再起動すると有効になります。
choice-removed = 自動選択の設定を取り除きました。ブラウザーを再起動すると有効になります。
choice-nothing = 自動選択の設定は書き込まれていません。取り除くものはありませんでした。
choice-firefox = Firefoxにはこの設定がありません。選択画面で「今後も同様に処理する」を選んでください。
choice-no-certificate = このPCで発行した電子証明書が見つかりません。
choice-no-certificate-do = 先に電子証明書を発行してください。
choice-form = サービスのアドレスを、ブラウザーの設定に書き込める形にできません。
choice-taken = 同じ種類の設定がすでにあります（{ $path }）。
choice-taken-do = 一方だけが有効になるため、書き込みませんでした。システム管理者に、この設定の追加を依頼してください。
choice-administrator = { $path } は管理者だけが書き込めます。
choice-administrator-do = 管理者として、もう一度実行してください。
choice-no-browser = この設定に対応したブラウザーが見つかりません。
app-help-autoselect = ブラウザーがこのサービスの電子証明書を自動で選択する設定を表示、書き込み、または削除します
app-help-autoselect-write = 設定を書き込みます
app-help-autoselect-remove = 設定を取り除きます
