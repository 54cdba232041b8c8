# 証明書発行アプリケーション。最初に起きたこと、次に今すること、最後に連絡先。

## 進み具合

app-step-connect = 電子証明書発行・更新サイトに接続しています。
app-step-trust = サイトの正当性を確認しています。
app-step-key = このPCで鍵を作成しています。
app-step-key-resumed = 前回作成した鍵を引き続き使用します。
app-step-request = 電子証明書の発行を依頼しています。
app-step-waiting = すぐには応答を得られませんでした。{ $seconds }秒後にもう一度依頼します。
app-step-install = 電子証明書を保存しています。
app-step-read-back = 保存した電子証明書と鍵を確認しています。
app-step-prove = ゲートウェイで使用できることを確認しています。
app-step-done = 完了しました。

## サーバーの正当性

app-root-mismatch = サイトのルート証明書が、指定されたものと一致しません。通信が第三者に横取りされているおそれがあります。情報は何も送信していません。
app-root-mismatch-do =
    サイトのアドレスとフィンガープリントを書面でご確認ください。正しい場合は操作を中止し、取引営業部店にご連絡ください。
    指定された値:
    { $expected }
    サイトの値:
    { $found }
app-root-declined = ルート証明書が確認されなかったため、中止しました。情報は何も送信していません。
app-root-declined-do = 書面のフィンガープリントと異なる場合は、取引営業部店にご連絡ください。
app-root-unconfirmed = ルート証明書を確認できる人がいないため、中止しました。情報は何も送信していません。
app-root-unconfirmed-do =
    次のフィンガープリントを書面と見比べ、一致する場合は --root-sha256 { $plain } を付けてもう一度実行してください。
    { $grouped }
app-root-unsound = サイトのルート証明書または中間認証局証明書に問題があります（{ $why }）。情報は何も送信していません。
app-root-unsound-do = PCの日付が正しいかご確認ください。正しい場合は、取引営業部店にご連絡ください。
app-unproven = 接続先のサーバーが本物であることを確認できませんでした（{ $why }）。利用者の情報は送信していません。
app-unproven-do = サイトのアドレスとPCの日付をご確認ください。社内のプロキシーが通信を検査している場合は、システム管理者にご相談ください。

## 通信

app-host-not-found = サイトのアドレスが見つかりませんでした。
app-host-not-found-do = アドレスと、インターネットへの接続をご確認ください。
app-no-connection = サイトに接続できませんでした（{ $why }）。
app-no-connection-do = アドレスと、インターネットへの接続をご確認のうえ、しばらくしてからもう一度実行してください。プロキシーをお使いの場合は、--proxyで指定してください。それでも接続できない場合は、取引営業部店にご連絡ください。
app-reason = { $cause }: { $said }
app-reason-not-found = アドレスが見つかりません
app-reason-refused = 接続が拒否されました
app-reason-timed-out = 時間内に応答がありません
app-reason-no-route = 接続先までの経路がありません
app-reason-cut = 接続が途中で切れました
app-reason-tls = 暗号化通信（TLS）を開始できません
app-reply-lost = サイトからの応答を最後まで受け取れませんでした（{ $why }）。
app-reply-lost-do = もう一度実行してください。24時間以内であれば、同じ初期パスワードで同じ電子証明書を受け取れます。
app-unusable = サイトからの応答を読み取れませんでした（{ $why }）。
app-not-tegata = 接続先は電子証明書発行・更新サイトとして応答しませんでした（状態{ $status }）。
app-not-tegata-do = サイトのアドレスとプロキシーの設定をご確認のうえ、しばらくしてからもう一度実行してください。
app-too-old = この証明書発行アプリケーションは古いため使用できません。バージョン{ $minimum }以上が必要です。
app-too-old-do = 証明書発行アプリケーションを更新するか（updateコマンド）、電子証明書発行・更新サイトから新しい証明書発行アプリケーションを入手してください。
app-bad-answer = サイトから届いた電子証明書に問題があるため、保存しませんでした（{ $why }）。
app-bad-answer-do = 取引営業部店にご連絡ください。

## 中断した発行の後に残るもの

app-within-a-day = 24時間以内であれば、同じ初期パスワードで同じ電子証明書を受け取れます。
app-key-kept = この依頼のために作成した鍵は、次回の実行に備えて { $path } に残しています。
app-existing = このPCには、この利用者IDの電子証明書がすでにあります（有効期限: { $until }、保存先: { $place }）。もう一度発行しようとしただけの場合は、これ以上の操作は必要ありません。

## 保存先

app-key-failed = 作成した鍵を使用できませんでした。
app-key-failed-do = もう一度実行してください。続けて失敗する場合は、別の保存先を指定してください。
app-store-io = 保存先を読み書きできませんでした（{ $path }: { $why }）。
app-store-io-do = 空き容量とアクセス権をご確認のうえ、もう一度実行するか、別の保存先を指定してください。
app-store-missing = 保存先がありません（{ $path }）。
app-store-missing-do = 保存先の指定をご確認ください。
app-own-store-missing = 標準の保存先（{ $store }）は、まだありません（{ $path }）。
app-own-store-do = 電子証明書が別の保存先にある場合は、--storeで指定してください。まだ発行していない場合は、先に発行してください。
app-store-occupied = 保存先に別の鍵または証明書があります（{ $path }）。上書きせず、情報も送信していません。
app-store-occupied-do = 別の保存先を指定するか、不要であることを確認したうえで、そのファイルを移動してください。ご自身のPKCS#12ファイルの場合は、--store-password-fileでそのパスワードを指定してください。
app-store-unreadable = 保存先を読み取れませんでした（{ $path }）。
app-store-unreadable-do = --store-password-fileで指定したパスワードと、ファイルの種類をご確認ください。
app-store-password-needed = 保存先のパスワードが指定されていないか、誤っています。
app-store-password-needed-do = --store-password-fileで正しいパスワードを指定してください。
app-store-not-read-back = 保存した内容を確認できませんでした（{ $what }）。
app-store-not-read-back-do = もう一度実行してください。
app-store-unsupported = 保存先「{ $what }」には、ルート証明書だけを保存することはできません。
app-store-unsupported-do = 「nss[:DIR]」または「pem:DIR」を指定してください。
app-store-failed = 保存先を使用できませんでした（{ $what }）。
app-store-failed-do = 別の保存先を指定してください。

## 指定の誤り

app-usage-command = 「{ $word }」というコマンドはありません。
app-usage-option = 「{ $word }」という指定はありません。
app-usage-value = { $option }に「{ $value }」は指定できません。
app-usage-value-missing = { $option }の値がありません。
app-usage-conflict = { $option }は、{ $others }と同時に指定できません。
app-usage-other = コマンドの指定が正しくありません（{ $said }）。
app-usage-similar = 「{ $word }」ではありませんか。使い方は--helpでご覧になれます。
app-usage-do = 使い方は--helpでご覧になれます。
app-missing = 指定されていない項目があります: { $names }
app-missing-do = オプションで指定してください。使い方は--helpでご覧になれます。
app-bad-site = サイトのアドレス（--site）が正しくありません。
app-bad-site-do = 書面に記載された「https://ホスト名/issueweb/テナント/発行局/」の形のアドレスを入力してください。
app-bad-user = 利用者ID（--user）が正しくありません。
app-bad-user-do = 書面に記載されたとおりに、英字、数字、ハイフンで入力してください（例: CMSM950-006-401）。
app-bad-password = 初期パスワード（--password-file）が入力されていません。
app-bad-password-do = 書面に記載された16文字の英数字を入力してください。大文字と小文字、空白、ハイフンの違いは問いません。
app-bad-mail = メールアドレス（--mail）が正しくありません。
app-bad-mail-do = 「name@example.co.jp」の形で入力してください。
app-mail-differs = 2回入力されたメールアドレスが一致しません。
app-mail-differs-do = もう一度実行し、同じメールアドレスを2回入力してください。
app-bad-root = ルート証明書のフィンガープリント（--root-sha256）が正しくありません。
app-bad-root-do = 書面に記載された64桁の16進数を入力してください。空白やコロンで区切ってもかまいません。
app-bad-store = 保存先（--store）が正しくありません。
app-bad-store-do = nss[:DIR]、pkcs11:URI、pkcs12:FILE、pem:DIRのいずれかを指定してください。
app-store-not-here = 保存先「{ $name }」は、このビルドでは使用できません。
app-bad-file = ファイルを読み取れませんでした（{ $path }: { $why }）。
app-bad-file-do = ファイルの場所とアクセス権をご確認ください。
app-two-stdin = 標準入力から読み取れるパスワードは1つだけです。
app-two-stdin-do = 1つを除いて、パスワードをファイルで指定してください。

## 入力

app-ask-site = サイトのアドレス
app-ask-user = 利用者ID
app-ask-password = 初期パスワード（表示されません）
app-ask-mail = メールアドレス
app-ask-mail-again = メールアドレス（確認のためもう一度）
app-ask-store-password = 保存先のパスワード（表示されません）
app-ask-root =
    このサイトのルート証明書のフィンガープリント（SHA-256）は次のとおりです。
    { $grouped }
    書面のフィンガープリントと一致しますか。
app-ask-yes-no = 一致する場合は「yes」と入力してください

## 結果

app-issued = 電子証明書を発行し、保存しました。
app-trusted = ルート証明書と中間認証局証明書を保存しました。
app-label-user = 利用者ID
app-label-serial = シリアル番号
app-label-validity = 有効期間
app-label-renewal = 更新できる日
app-label-location = 保存先
app-label-key = 鍵の場所
app-label-mail = メールアドレス
app-label-service = サービス
app-label-root = ルート証明書
app-label-state = 状態
app-range = { $from }から{ $until }まで
app-p12-password = このファイルのパスワードは、書面に記載された初期パスワード（入力したとおりの文字）です。
app-receipt-lost = 更新のための控えを書き込めませんでした（{ $why }）。電子証明書は使用できます。
app-none-held = 保存先（{ $store }）に、発行された電子証明書はありません。
app-state-valid = 有効（残り{ $days }日）
app-state-expired = 期限切れ
app-state-superseded = このPCの新しい電子証明書に置き換え済み
app-state-not-yet = 有効期間の開始前
app-key-file = ファイル
app-key-system = システムの証明書ストア
app-key-hardware = セキュリティチップまたはカード
app-key-none = この保存先にはありません
app-unknown = 不明
app-reference = お問い合わせ番号: { $reference }
app-contact = お問い合わせ先: { $help }

## 使い方

app-help-about = 電子証明書をこのPCに発行します。
app-help-issue = 新しい電子証明書を発行し、中間認証局証明書、ルート証明書とともに保存します
app-help-list = 保存されている電子証明書を一覧にします
app-help-trust = ルート証明書と中間認証局証明書だけを保存します
app-help-usage = 使い方
app-help-usage-options = [オプション]
app-help-usage-command = [コマンド]
app-help-options = オプション
app-help-commands = コマンド
app-help-help = 使い方を表示します
app-help-version = バージョンを表示します
app-help-lang = 表示する言語（指定がなければLC_ALLまたはLANGに従います）
app-help-json = 結果を1行のJSONで標準出力に書きます
app-help-site = 電子証明書発行・更新サイトのアドレス（インストールしたアプリケーションでは指定不要）
app-help-root = 書面に記載されたルート証明書のSHA-256フィンガープリント（コロンと空白は省略可。指定がなければ画面で確認します）
app-help-user = 書面に記載された利用者ID
app-help-password = 初期パスワードを書いたファイル（- は標準入力。指定がなければ画面で尋ねます）
app-help-mail = 登録するメールアドレス（発行の確認をこのアドレスに送ります）
app-help-store = 保存先（指定がなければ{ $own }）
app-help-store-which = 対象の保存先（指定がなければ{ $own }）
app-help-store-password-plain = 保存先のパスワードを書いたファイル（- は標準入力）
app-help-store-password = 保存先のパスワードを書いたファイル（- は標準入力。pkcs12で指定がなければ初期パスワードを使います）
app-help-form = PKCS#12ファイルの形式（legacyは古いソフトウェア用。指定がなければmodern）
app-help-stores =
    保存先（STORE）:
    {"  "}nss[:DIR]      ブラウザーの証明書データベース（既定はChromium用の ~/.pki/nssdb）
    {"  "}nss:firefox    Firefoxの証明書データベース（既定のプロファイル）
    {"  "}pkcs11:URI     カードやトークン（pkcs11:token=名前?module-path=/ドライバーのパス.so）
    {"  "}pkcs12:FILE    パスワードで保護されたPKCS#12ファイル
    {"  "}pem:DIR        フォルダー内のPEMファイル
    {"  "}windows、keychainは、このビルドでは使用できません。
app-help-examples = 使用例
app-help-exit-codes =
    終了コード:
    {"  "}0  完了
    {"  "}2  指定の誤り（何も送信していません）
    {"  "}3  サーバーが拒否した、またはサーバーの正当性を確認できない（doctorでは、時計や電子証明書などに問題がある）
    {"  "}4  サーバーに接続できない
    {"  "}5  保存先の失敗

## ゲートウェイでの確認

app-proof-accepted = サービスに接続できることを確認しました。
app-proof-refused = ゲートウェイはこの電子証明書を受け付けませんでした。{ $said }（お問い合わせ番号: { $reference }）
app-proof-service-down = 電子証明書はゲートウェイで受け付けられましたが、サービスが今は応答していません。しばらくしてからサービスを開いてください。
app-proof-not-the-gateway = サービスのアドレスで、ゲートウェイではないものが応答しました（状態{ $status }）。電子証明書は保存されています。サービスを開けない場合は、取引営業部店にご連絡ください。
app-proof-no-key = 電子証明書は保存されています。保存先の都合により、ゲートウェイでの確認は行いませんでした。ブラウザーでサービスを開いてご確認ください。
app-proof-unreachable = 電子証明書は保存されていますが、ゲートウェイに接続できず、確認できませんでした（{ $why }）。しばらくしてからサービスを開いてください。

## 更新と削除

app-renewed = 電子証明書を更新し、保存しました。
app-nothing-to-renew = この保存先に、使える電子証明書はありません。
app-looked-in-own = 標準の保存先（{ $store }）を確認しました。電子証明書が別の保存先にある場合は、--storeで指定してください。
app-check-store = 保存先（--store）をご確認ください。
app-check-user = 利用者ID（--user）をご確認ください。
app-if-expired = 期限切れの場合は、統括会社の管理者に再発行をご依頼ください。
app-which-to-renew = 電子証明書が複数あります: { $names }
app-which-to-renew-do = 更新するものを--userで指定してください。
app-site-unknown = この電子証明書を発行したサイトのアドレスが、このPCに残っていません。
app-site-unknown-do = 書面に記載されたアドレスを--siteで指定してください。
app-bad-serial = シリアル番号（--serial）が正しくありません。
app-bad-serial-do = { $program } listで表示される番号を指定してください。
app-serial-unknown = シリアル番号{ $serial }の電子証明書は、この保存先にありません。
app-serial-unknown-do = { $program } listで番号をご確認ください。
app-certificate-name = { $user }（有効期限: { $until }、シリアル番号: { $serial }）
app-ask-remove =
    次の電子証明書と鍵を削除します。元には戻せません。
    { $names }
app-ask-yes = 削除する場合は「yes」と入力してください
app-removed = 削除しました: { $name }
app-nothing-to-remove = 保存先（{ $store }）に、削除する電子証明書はありません。
app-remove-declined = 削除しませんでした。
app-remove-unasked = 確認できる人がいないため、削除しませんでした。
app-remove-unasked-do = 確認なしで削除する場合は、--yesを付けて実行してください。
app-help-renew = 新しい鍵を作成し、現在の電子証明書を使って更新します
app-help-renew-site = 電子証明書発行・更新サイトのアドレス（このPCで発行したものは指定不要）
app-help-renew-user = 更新する電子証明書の利用者ID（1つだけの場合は指定不要）
app-nothing-due = 更新の時期になった電子証明書はありません。
app-none-of-service = 保存先（{ $store }）に、このサービスの電子証明書は見つかりませんでした。
app-none-of-service-do = 保存先（--store）をご確認ください。保存先にある電子証明書は、{ $program } listに同じ--storeを付けて確認できます。まだ発行していない場合は、先に発行してください。
app-all-expired = 保存先（{ $store }）にあるこのサービスの電子証明書は、期限が切れています。
app-all-expired-do = 期限が切れた電子証明書は更新できません。統括会社の管理者に再発行をご依頼ください。
app-help-renew-all-due = 更新の時期になった電子証明書をすべて更新します
app-help-remove = 電子証明書と鍵を保存先から削除します
app-help-remove-serial = 削除する電子証明書のシリアル番号（複数可）
app-help-remove-old = 期限切れと、新しいものに置き換え済みの電子証明書をすべて削除します
app-help-remove-all = 発行された電子証明書をすべて削除します
app-help-remove-yes = 確認せずに削除します
