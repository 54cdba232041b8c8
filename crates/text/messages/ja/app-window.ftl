# 証明書発行アプリケーションの画面。

window-help = コマンドを指定しないと、画面を開きます。
window-title = 証明書発行アプリケーション
window-language = English
window-language-spoken = Switch to English
window-required = 必須
window-show = 表示する
window-back = 戻る
window-menu = メニューに戻る
window-again = もう一度試す
window-copied = コピーしました。
window-copy = コピー
window-copy-reference = お問い合わせ番号をコピー
window-check = 入力内容をご確認ください（{ $count }件）
window-check-and = { $first }、{ $next }

## サイト

window-site-heading = サイトのアドレスの入力
window-site-lead = お手元の書面に記載されている、電子証明書発行・更新サイトのアドレスを入力してください。
window-site-label = サイトのアドレス
window-site-help = 「https://」で始まるアドレスです。
window-site-missing = サイトのアドレスを入力してください。
window-site-bad = サイトのアドレスの形が正しくありません。書面のとおりに、末尾まで入力してください。
window-site-next = 次へ進む

## メニュー

window-menu-heading = このPCの電子証明書
window-menu-reading = 電子証明書を確認しています。
window-menu-none = このPCには、このサービスの電子証明書がまだありません。
window-menu-none-do = 利用者IDと初期パスワードが記載された書面をご用意のうえ、「新規発行へ進む」を押してください。
window-menu-issue = 新規発行へ進む
window-menu-more = そのほかの操作
window-menu-clean-up = 不要な電子証明書を整理する
window-menu-doctor = 接続を診断する
window-menu-proxy = プロキシーを設定する
window-menu-settings = 設定
window-menu-about = このアプリケーションについて
window-menu-renew = 更新へ進む
window-menu-renew-spoken = { $user } の更新へ進む
window-menu-open = サービスを開く
window-menu-open-spoken = { $user } でサービスを開く
window-menu-due = { $user } の電子証明書は、あと{ $days }日で有効期限が切れます。今すぐ更新できます。
window-menu-due-one = { $user } の電子証明書は、あと1日で有効期限が切れます。今すぐ更新してください。
window-menu-due-today = { $user } の電子証明書は、24時間以内に有効期限が切れます。今すぐ更新してください。
window-menu-due-do = 更新は数秒で終わります。入力は必要ありません。
window-card-valid = 有効
window-card-renewable = 更新できます
window-card-soon = まもなく期限切れ
window-card-expired = 期限切れ
window-card-not-yet = 有効期間の開始前
window-card-old = 古い電子証明書
window-card-no-key = 鍵がありません
window-card-until = 有効期限
window-card-days = { $until }（あと{ $days }日）
window-card-renewal = 更新できる期間
window-card-renewal-from = { $from } から
window-card-key = 鍵の保管場所
window-card-place = 保存先
window-key-hardware = このPCのセキュリティチップまたはカード
window-key-system = システムの証明書ストア
window-key-browser = ブラウザーの証明書データベース
window-key-file = ファイル
window-store-failed = このPCの電子証明書を確認できませんでした。

## 新規発行

window-issue-heading = 電子証明書の新規発行
window-user = 利用者ID
window-user-help = 書面に記載されています（例: CMSM950-006-401）。
window-user-missing = 利用者IDを入力してください。
window-user-bad = 利用者IDの形が正しくありません。英数字とハイフンで、書面のとおりに入力してください。
window-password = 初期パスワード
window-password-help = 書面に記載された16文字の英数字です。大文字と小文字、空白、ハイフンの違いは問いません。
window-password-missing = 初期パスワードを入力してください。
window-password-length = 英数字{ $length }文字です（今は{ $count }文字）。まだ送信していません。
window-mail = メールアドレス
window-mail-help = 発行の確認をお送りします。
window-mail-missing = メールアドレスを入力してください。
window-mail-bad = メールアドレスの形が正しくありません。name@example.co.jp の形で入力してください。
window-mail-again = メールアドレス（確認のためもう一度）
window-mail-again-missing = メールアドレスをもう一度入力してください。
window-mail-differs = 上のメールアドレスと異なります。両方をご確認ください。
window-issue = 発行する

## メールアドレスの変更

window-email-open = メールアドレスを変更
window-email-open-spoken = { $user } のメールアドレスを変更
window-email-heading = メールアドレスの変更
window-email-lead = 大切なお知らせが届く、登録メールアドレスを変更します。
window-email-new = 新しいメールアドレス
window-email-new-help = このアドレスに、確認のメールをお送りします。
window-email-new-again = 新しいメールアドレス（確認のためもう一度）
window-email-submit = 変更を申請する
window-running-email = メールアドレスの変更を申請しています
window-email-lost = サイトからの応答を最後まで受け取れませんでした。
window-email-lost-do = 確認のメールが届いたときは、そのままお使いいただけます。届かないときは、しばらくしてからもう一度申請してください。
window-email-cancelled = メールアドレスの変更を中止しました。今のメールアドレスのままです。
window-email-asked-heading = 確認のメールをお送りしました
window-email-asked = { $email } に、リンクのあるメールをお送りしました。
window-email-asked-do = 24時間以内にリンクを開き、表示されるページのボタンを押してください。ボタンを押すまでは、今のメールアドレスのままです。
window-email-asked-none = メールが届かないときは、迷惑メールのフォルダーと、上のアドレスをご確認のうえ、もう一度申請してください。

## 進み具合

window-running-issue = 電子証明書を発行しています
window-running-renew = 電子証明書を更新しています
window-running-site = サイトに接続しています
window-running-removal = 電子証明書を削除しています
window-running-wait = このままお待ちください。通常は数秒で終わります。
window-step-connect = サイトへの接続
window-step-trust = サイトの正当性の確認
window-step-key = このPCでの鍵の作成
window-step-request = 発行の依頼
window-step-install = 電子証明書の保存
window-step-read-back = 保存した電子証明書と鍵の確認
window-step-prove = サービスに接続できることの確認
window-step-spoken-done = { $step }、完了
window-step-spoken-now = { $step }、実行中
window-step-spoken-waiting = { $step }、これから
window-cancel = 中止する
window-cancelling = 中止しています。通信が終わるまで、しばらくお待ちください。
window-cancelled-heading = 中止しました
window-cancelled = 電子証明書の発行を中止しました。

## 結果

window-done-heading = 電子証明書を発行しました
window-renewed-heading = 電子証明書を更新しました
window-done = 電子証明書をこのPCに保存し、サービスに接続できることを確認しました。
window-done-unproven = 電子証明書をこのPCに保存しましたが、サービスへの接続は確認できませんでした。
window-done-file = 保存したファイルのパスワードは、入力した初期パスワードです。
window-done-user = 利用者ID
window-done-mail = 登録したメールアドレス
window-done-open = サービスを開く
window-done-copy = サービスのアドレスをコピー
window-done-browser =
    「サービスを開く」を押してください。
    電子証明書の選択画面では、利用者IDと同じ名前のものを選んでください。
    ページが開かないときは、ブラウザーの画面をすべて閉じてから、もう一度押してください。
window-renewed-browser = 「サービスを開く」を押してください。ブラウザーに同じ名前の電子証明書が二つ表示されることがあります。有効期限が{ $until }のもの（シリアル番号の末尾が{ $serial }）を選んでください。開かないときは、ブラウザーをすべて閉じてからもう一度押してください。
window-renewed-old = サービスを開けることを確認したら、古い電子証明書を削除できます。

## エラー

window-failed-form = 入力画面に戻る
window-failed-proxy-do = プロキシーの設定をご確認ください。プロキシーのパスワードは、システム管理者にお尋ねください。
window-failed-proxy-unreachable-do = このPCが社内のネットワークに接続されていることと、プロキシーの設定をご確認ください。わからないときは、社内のシステム管理者にお尋ねください。
window-failed-proxy-refused-do = プロキシーのユーザー名とパスワードをご確認ください。わからないときは、社内のシステム管理者にお尋ねください。認証なしで発行サイトへ接続できるよう、依頼することもできます。
window-failed-proxy-script-do = プロキシーの設定で、設定スクリプトのアドレスをご確認ください。わからないときは、社内のシステム管理者にお尋ねください。
window-failed-proxy-setting = プロキシーの設定が正しくありません。
window-failed-proxy-setting-do = プロキシーのアドレスは、proxy.example.co.jp:8080の形で入力してください。SOCKSプロキシーは使用できません。
window-failed-other-language = 処理を完了できませんでした。
window-failed-other-language-do = くわしい説明は、もう一方の言語でのみ表示できます。この言語で読むには、もう一度お試しください。
window-failed-connection-do = インターネットへの接続をご確認のうえ、しばらくしてからもう一度お試しください。続けて失敗する場合は、システム管理者にご相談ください。
window-failed-password-do = 「設定」で別の保存先を選び、もう一度お試しください。
window-failed-password-alone-do = 電子証明書を使用しているプログラムをすべて閉じてから、もう一度お試しください。続く場合は、社内のシステム管理者にお尋ねください。
window-failed-occupied-do = 「設定」で別の保存先を選ぶか、不要であることを確認したうえで、そのファイルを移動してください。
window-failed-occupied-alone-do = 不要であることが確かなときは、そのファイルを移動してください。
window-failed-browser-do = ブラウザーをすべて終了してから、もう一度お試しください。
window-failed-brand = 証明書発行アプリケーションと一緒にインストールされた設定（brand.json）を読み取れません（{ $why }）。
window-failed-brand-do = 電子証明書発行・更新サイトから、証明書発行アプリケーションをもう一度インストールしてください。
window-failed-display = 画面を表示できません（{ $why }）。
window-failed-display-do = コマンドで操作する場合は、{ $program } --help をご覧ください。

## ルート証明書

window-root-heading = サイトの正当性の確認
window-root-lead = 次の64文字を、お手元の書面に記載されたものと、最後まで見比べてください。
window-root-label = ルート証明書のフィンガープリント（SHA-256）
window-root-warning = 一文字でも異なる場合
window-root-warning-do = 「異なる・わからない」を押して、取引営業部店にご連絡ください。情報はまだ何も送信していません。
window-root-yes = すべて一致する
window-root-no = 異なる・わからない

## プロキシー

window-proxy-heading = プロキシーの認証
window-proxy-lead =
    社内のプロキシーが、ユーザー名とパスワードを求めています。
    ご不明な場合は、システム管理者にお尋ねください。
window-proxy-address = プロキシー
window-proxy-realm = 認証の名前
window-proxy-wrong = ユーザー名またはパスワードが受け付けられませんでした。
window-proxy-wrong-do = もう一度入力してください。
window-proxy-user = ユーザー名
window-proxy-user-help = 電子証明書の利用者IDではありません。
window-proxy-user-missing = ユーザー名を入力してください。
window-proxy-password = パスワード
window-proxy-password-help = このアプリケーションを終了するまで記憶します。ファイルには保存しません。
window-proxy-password-missing = パスワードを入力してください。
window-proxy-connect = 接続する

## 更新

window-renew-heading = 電子証明書の更新
window-renew-lead = 新しい鍵をこのPCで作成し、現在の電子証明書を使って更新します。入力は必要ありません。
window-renew-after = 更新した後も、現在の電子証明書はしばらく使用できます。
window-renew = 更新する

## 新しいバージョン

window-update-heading = 新しいバージョンがあります
window-update-lead =
    証明書発行アプリケーションを新しいバージョンに入れ替えます。
    電子証明書と鍵は、そのまま残ります。
window-update-required = このバージョンは使用できません
window-update-required-do = 発行と更新を行うには、新しいバージョンへの入れ替えが必要です。
window-update-current = 現在のバージョン
window-update-new = 新しいバージョン
window-update-size = 大きさ
window-update-now = 入れ替える
window-update-later = 後で
window-update-running = 新しいバージョンをダウンロードしています
window-update-percent = { $percent }%
window-update-heading-required = バージョンの入れ替えが必要です
window-update-downgrade = 以前のバージョンに戻すよう、運用者から案内されています。
window-update-notes = 変更の内容
window-update-offered = 新しいバージョン（{ $version }）があります。
window-update-offered-do = 現在のバージョンは{ $version }です。ダウンロードの大きさは{ $megabytes } MBです。
window-update-site = 電子証明書発行・更新サイトを開く
window-update-look = 新しいバージョンを探す
window-update-looking = 新しいバージョンを探しています
window-update-keep = 終わるまで、このままお待ちください。
window-update-installing = 新しいバージョンに入れ替えています
window-update-installing-wait = まもなく新しいバージョンで開き直します。そのままお待ちください。
window-update-told-heading = 管理者の権限が必要です
window-update-told = バージョン{ $version }をダウンロードし、正しいことを確認しました。
window-update-told-do = インストールは、このPCの管理者が次のコマンドで行います。管理者にご依頼ください。
window-update-command = インストールのコマンド
window-update-not-believed-do =
    現在のバージョンは、そのまま使用できます。
    しばらくしてからもう一度お試しください。続く場合は、取引営業部店にご連絡ください。
window-update-again-do = もう一度お試しください。続く場合は、取引営業部店にご連絡ください。
window-updated = バージョン{ $version }に入れ替わりました。
window-about-update = 新しいバージョン
window-about-update-unknown = まだ確認していません。
window-about-update-none = ありません（最新です）。
window-about-update-failed = 確認できませんでした。{ $why }

## 診断

window-doctor-heading = 接続の診断
window-doctor-lead = 発行、更新、サービスの利用に必要なことを、順に確認します。
window-doctor-running = 診断しています。しばらくお待ちください。
window-doctor-fine = 問題は見つかりませんでした
window-doctor-found = 確認が必要なことが{ $count }件あります
window-doctor-trust = ルート証明書を登録する
window-doctor-update = 新しいバージョンを入手する
window-doctor-update-failed = 新しいバージョンがあるか、確認できませんでした。{ $why }
window-reference-heading = サービスのページで接続を断られたとき
window-reference = お問い合わせ番号
window-reference-help = 接続を断ったページに表示された、「G-」で始まる番号です。貼り付けることもできます。
window-reference-bad = お問い合わせ番号が正しくありません。「G-」で始まる番号を、ページのとおりに入力してください。
window-reference-of-site = 「R-」で始まる番号は、電子証明書発行・更新サイトのお問い合わせ番号です。ここでは理由を確認できません。この番号を取引営業部店にお伝えください。
window-reference-explain = この番号の理由を確認する
window-doctor-again = もう一度診断する
window-doctor-save = 診断の結果を保存する
window-doctor-saved = 診断の結果を保存しました
window-doctor-secret = パスワードや鍵は含まれていません。

## 整理

window-clean-heading = 不要な電子証明書の整理
window-clean-lead =
    使用しなくなった電子証明書と、その鍵を削除できます。
    削除は、このアプリケーションを閉じるときに行います。それまでは元に戻せます。
window-clean-none = 整理の必要な電子証明書はありません。
window-clean-remove = 削除する
window-clean-remove-spoken = { $user }（有効期限: { $until }）を削除する
window-clean-marked = 閉じるときに削除します。
window-clean-undo = 元に戻す
window-clean-undo-spoken = { $user }（有効期限: { $until }）を元に戻す
window-clean-failed = 削除できない電子証明書がありました
window-clean-close = 終了する

## 設定

window-settings-heading = 設定
window-settings-language = 表示する言語
window-settings-japanese = 日本語
window-settings-english = English
window-settings-look = 画面の配色
window-look-system = システムの設定に合わせる
window-look-light = 明るい配色
window-look-dark = 暗い配色
window-look-contrast = ハイコントラスト
window-settings-store = 電子証明書の保存先
window-settings-store-help = 次に発行する電子証明書から有効です。
window-store-windows = Windowsの証明書ストア（推奨）
window-store-nss = ブラウザーの証明書データベース（推奨）
window-store-keychain = キーチェーン（推奨）
window-store-other = { $place }
window-settings-proxy = プロキシー
window-settings-proxy-help = ご不明な場合は「自動」をお選びください。
window-proxy-automatic = 自動（システムの設定を使う）
window-proxy-none = 使わない
window-proxy-manual = アドレスを指定する
window-proxy-script = 設定スクリプト（PAC）のアドレスを指定する
window-proxy-manual-label = プロキシーのアドレス
window-proxy-manual-help = 「proxy.example.co.jp:8080」の形で入力してください。
window-proxy-manual-bad = プロキシーのアドレスの形が正しくありません。「proxy.example.co.jp:8080」の形で入力してください。
window-proxy-script-label = 設定スクリプトのアドレス
window-proxy-script-help = 「http://」または「https://」で始まるアドレスです。
window-proxy-script-bad = 設定スクリプトのアドレスの形が正しくありません。「http://」または「https://」から入力してください。
window-settings-site = 電子証明書発行・更新サイト
window-settings-site-change = サイトのアドレスを変更する
window-settings-lost = 設定を保存できませんでした（{ $why }）。このアプリケーションを終了するまで有効です。

## このアプリケーションについて

window-about-heading = このアプリケーションについて
window-about-version = バージョン
window-about-site = 発行・更新サイト
window-about-root = ルート証明書
window-about-licences = ライセンス
window-about-own = このアプリケーションは、MITライセンスまたはApache License 2.0のもとで利用できます。
window-about-font = 書体: BIZ UDPゴシック（© 2022 The BIZ UDGothic Project Authors、SIL Open Font License 1.1）
window-about-toolkit = 画面はSlintで作られています（Made with Slint、https://slint.dev）。

## 終了

window-leave-heading = 処理の途中です
window-leave =
    終了すると、処理を中止します。
    初期パスワードを送信した後でも、24時間以内であれば、同じ初期パスワードで同じ電子証明書を受け取れます。
window-leave-stay = 処理を続ける
window-leave-go = 中止して終了する

## リンクからの起動

window-link-foreign = このサービスのものではないリンクから起動されたため、何も行っていません。
window-link-foreign-do = 電子証明書発行・更新サイトのページから起動するか、このメニューから選択してください。
window-link-spent = このリンクは、使用済みか、時間が過ぎています。
window-link-spent-do = このメニューから選択してください。
window-link-not-due = 今、更新できる電子証明書はありません。
