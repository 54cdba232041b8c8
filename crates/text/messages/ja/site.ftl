# 電子証明書発行・更新サイト（利用者が見るページ）

site-name = 電子証明書発行・更新サイト
site-steps = 手順
site-trail-label = ページの移動
site-trail-home = 最初のページへ戻る

# 最初のページ
site-home-lead = { $service }のご利用に必要な電子証明書の、発行と更新の手続きをご案内するサイトです。ご希望の手続きをお選びください。
site-home-issue = 新規発行
site-home-issue-about = 初めてご利用になる方、PCを替えた方、初期パスワードを新しく受け取った方はこちらです。
site-home-renew = 更新
site-home-renew-about = 電子証明書の有効期限が近づいた方はこちらです。初期パスワードは必要ありません。
site-home-renew-reissue = 電子証明書の有効期限が近づいた方に、お手続きの方法をご案内します。
site-home-root = ルート証明書ダウンロード
site-home-root-about = ルート証明書のファイルが必要な方はこちらです。通常は必要ありません。

# 新規発行
site-issue-title = 電子証明書の新規発行
site-issue-lead = 次の5つの操作で、このPCに電子証明書を発行し、すぐにサービスをご利用いただけます。
site-issue-prepare = ご用意いただくもの
site-issue-prepare-id = 利用者IDと初期パスワード（統括会社の管理者からお受け取りください）
site-issue-prepare-mail = 受信できるメールアドレス（発行の確認をお送りします）
site-issue-prepare-pc = サービスのご利用に使うPC（電子証明書は、発行したPCだけでお使いいただけます）
site-issue-step-install = インストーラーを実行する
site-issue-step-install-about = インストーラーをダウンロードして開き、画面の案内に沿って進めてください。すでにインストールした方は、手順2へお進みください。
site-issue-step-install-command = インストーラーをダウンロードし、その下に表示されているコマンドを端末（ターミナル）で実行してください。すでにインストールした方は、手順2へお進みください。
site-issue-step-install-choose = お使いのPC用のインストーラーをダウンロードして、実行してください。すでにインストールした方は、手順2へお進みください。
site-issue-step-start = アプリケーションを起動する
site-issue-step-start-about = インストールが終わったら、次のボタンを押してください。ブラウザーに確認の画面が表示されたときは、「開く」を選んでください。
site-issue-step-fill = 必要な事項を入力する
site-issue-step-fill-about = 利用者ID、初期パスワード、メールアドレス（確認のため2回）を入力してください。
site-issue-entry = 利用者IDと初期パスワードは、大文字と小文字、全角と半角、前後の空白の有無を区別しません。初期パスワードのハイフンは省略できますが、利用者IDのハイフンは省略せずに入力してください。
site-issue-step-press = 「発行する」を押す
site-issue-step-press-about = 電子証明書の発行からPCへの設定、動作の確認まで、アプリケーションが自動で行います。電子証明書の鍵はこのPCの中で作られ、外へ送られることはありません。
site-issue-step-open = サービスを開く
site-issue-step-open-about = 電子証明書を選ぶ画面が表示されたときは、ご自分の利用者IDが書かれた電子証明書を選んでください。
site-issue-wrong-password = 初期パスワードを続けて間違えると、パスワードロックがかかります。そのときは、統括会社の管理者へご連絡ください。

# 新規発行（合うものがないとき）
site-issue-none-label = 現在、ご利用いただける証明書発行アプリケーションがありません
site-issue-none-for-label = お使いのPC（{ $platform }）用の証明書発行アプリケーションは、現在ありません
site-issue-none-next = このため、このPCでは電子証明書を発行できません。ご不便をおかけして申し訳ございません。ページの下にあるお問い合わせ先へご連絡ください。
site-issue-none-elsewhere = ほかのPCでサービスをご利用になる方は、そのPCのブラウザーで、このページを開いてください。

# 新規発行（コマンドラインプログラム）
site-command-lead = 次の3つの操作で、このPCに電子証明書を発行します。コマンドラインプログラムを使います。
site-command-unknown-label = お使いのPCの種類を確認できませんでした
site-command-unknown = 次の手順は、{ $platform }のPC用です。ほかのPCをお使いの方は、ページの下にあるお問い合わせ先へご連絡ください。
site-command-step-get = プログラムをダウンロードする
site-command-step-get-about = 画面のないプログラムです。端末（ターミナル）にコマンドを入力して使います。
site-command-download = コマンドラインプログラムをダウンロードする
site-command-step-run = コマンドを実行する
site-command-step-run-executable = 端末で、ダウンロードしたファイルのあるフォルダーへ移動し、プログラムを実行できるようにしてください。
site-command-step-run-about = 続けて、次のコマンドを実行してください。
site-command-replace = 書き換えるところ
site-command-replace-about = 大文字の部分は、ご自分のものに書き換えてください。
site-command-store-title = 保存先（--store）
site-command-store = 電子証明書の保存先を、次の中からお選びください。
site-command-store-nss = ChromeやChromiumの証明書データベース。ブラウザーでサービスをご利用になる方は、こちらをお使いください。
site-command-store-pkcs12 = パスワードで保護されたPKCS#12ファイル。ほかのブラウザーなどに読み込ませるときに使います。パスワードは、入力した初期パスワードです。
site-command-store-pem = フォルダーの中のPEMファイル。ブラウザー以外のプログラムで使います。鍵はパスワードで保護されません。
site-command-done = 実行したあと
site-command-step-run-done = 「電子証明書を発行し、保存しました。」と表示されたら完了です。電子証明書の鍵はこのPCの中で作られ、外へ送られることはありません。
site-command-step-open-about = ブラウザーを開いていた方は、いったん終了し、開き直してください。

# 起動
site-launch = 証明書発行アプリケーションを起動する
site-launch-fails = 起動しないときは、PCのメニューから「証明書発行アプリケーション」を開いてください。
site-open-service = { $service }を開く

# インストーラー
site-installer-download = { $system }用インストーラーをダウンロードする
site-installer-others = ほかのインストーラー（ほかのPC用など）
site-installer-run = 端末で、ダウンロードしたファイルのあるフォルダーへ移動し、次のコマンドを実行してください。
site-installer-run-root = 端末で、ダウンロードしたファイルのあるフォルダーへ移動し、次のコマンドを実行してください（管理者の権限が必要です）。
site-installer-check = ダウンロードしたファイルを確かめる（SHA-256）
site-installer-check-about = 次の値は、ダウンロードしたファイルが正しいことを確かめるためのものです。
site-installer-choose = お使いのPCに合うインストーラーをお選びください。
site-installer-mobile-label = スマートフォンやタブレットではお手続きいただけません
site-installer-mobile = 電子証明書は、サービスをご利用になるPCに発行します。そのPCのブラウザーで、このページを開いてください。
site-arch-x64 = 64ビット
site-arch-x86 = 32ビット
site-arch-arm64 = ARM 64ビット
site-kind-command = { $platform }用 コマンドラインプログラム
site-kind-other = そのほかのファイル

# 画面を使わない手順
site-headless = 画面を使わずに発行する（システム管理者の方へ）
site-headless-about = 証明書発行アプリケーションは、コマンドとしても使えます。大文字の部分は、お使いの環境に合わせて書き換えてください。
site-headless-root = --root-sha256 の値が、書面に記載されたルート証明書のフィンガープリントと同じことを確かめてから実行してください。
site-headless-user-is = 利用者ID
site-headless-password-is = 初期パスワードだけを書いたファイル。発行が終わったら削除してください。
site-headless-mail-is = メールアドレス
site-headless-store-is = 電子証明書の保存先。windows、keychain、nss、pkcs11:URI、pkcs12:ファイル名、pem:フォルダー名 のいずれか
site-headless-exit = 終了コード: 0 完了、2 使い方の誤り、3 サーバーが受け付けなかった、4 サーバーに接続できない、5 保存先に書き込めない。--json を付けると、結果をJSONで出力します。

# 更新
site-renew-title = 電子証明書の更新
site-renew-lead = 電子証明書は、有効期限の{ $days }日前から有効期限までの間に更新できます。
site-renew-auto-label = 自動更新を設定したPCでは、操作は必要ありません
site-renew-auto = 自動更新を設定したPC（インストール時、または証明書発行アプリケーションの設定画面で設定できます）では、更新できる期間になると、証明書発行アプリケーションが自動で更新します。設定していないPCでは、次の手順で更新してください。
site-renew-step-start = アプリケーションを起動する
site-renew-step-start-about = 電子証明書をお使いのPCで、次のボタンを押してください。ブラウザーに確認の画面が表示されたときは、「開く」を選んでください。
site-renew-step-press = 電子証明書を選び、「更新する」を押す
site-renew-step-press-about = 利用者IDと初期パスワードの入力は必要ありません。新しい電子証明書の動作は、アプリケーションが確かめます。
site-renew-step-open = サービスを開く
site-renew-step-open-about = 電子証明書を選ぶ画面に2つ表示されたときは、有効期限が遅いほうを選んでください。
site-renew-install = アプリケーションがPCにないときは
site-renew-install-about = インストーラーをダウンロードして実行してから、上の手順へお進みください。
site-renew-expired = 有効期限を過ぎたとき、PCを替えたとき
site-renew-expired-about = 更新はできません。新しい初期パスワードで発行し直す「再発行」が必要です。統括会社の管理者へご依頼ください。

# 更新（アプリケーションが更新に対応するまで）
site-reissue-lead = 更新の期間は、有効期限の{ $days }日前から有効期限までです。
site-reissue-label = この画面からは更新できません
site-reissue = 有効期限を過ぎる前に、次の手順で電子証明書を発行し直してください（再発行）。
site-reissue-command = コマンドで発行した電子証明書は、そのPCで「{ $program } renew」を実行すると更新できます。更新できないときは、有効期限を過ぎる前に、次の手順で電子証明書を発行し直してください（再発行）。
site-reissue-step-ask = 新しい初期パスワードを受け取る
site-reissue-step-ask-about = 統括会社の管理者へ再発行をご依頼のうえ、新しい初期パスワードをお受け取りください。利用者IDは変わりません。
site-reissue-step-issue = 電子証明書を発行する
site-reissue-step-issue-about = 新しい初期パスワードで、新規発行の手続きをしてください。新しい電子証明書を発行すると、それまでの電子証明書は使えなくなります。
site-reissue-open = 新規発行のページを開く
site-reissue-expired = 有効期限を過ぎたときや、PCを替えたときも、手順は同じです。

# ルート証明書
site-root-title = ルート証明書ダウンロード
site-root-lead = 通常、この手続きは必要ありません。証明書発行アプリケーションが、電子証明書と一緒に自動で設定します。
site-root-when = システム管理者の方が、複数のPCへまとめて設定する場合や、書面と照らし合わせて確かめる場合にお使いください。
site-root-download = ルート証明書をダウンロードする（ZIP形式）
site-root-compare = フィンガープリントを確かめる
site-root-compare-about = 次の値が、書面に記載されたルート証明書のフィンガープリントと同じことを確かめてください。
site-root-differs-label = 1文字でも違うときは
site-root-differs = ダウンロードしたファイルを使わずに、ページの下にあるお問い合わせ先へご連絡ください。
site-root-name = ルート証明書
site-root-fingerprint = フィンガープリント（SHA-256）
site-root-contents = ZIPファイルの内容
site-root-file-root = ルート証明書です。Windowsでは「信頼されたルート証明機関」に入れます。
site-root-file-intermediate = 中間認証局証明書です。Windowsでは「中間証明機関」に入れます。

# ダウンロード一覧
site-download-title = ダウンロード
site-download-lead = 証明書発行アプリケーションの一覧です。お使いのPCに合うものをお選びください。
site-download-all = ダウンロードの一覧を見る
site-download-none-label = ダウンロードできるアプリケーションがありません
site-download-none = 現在、このページから入手できる証明書発行アプリケーションはありません。
site-download-none-next = ご入り用の方は、ページの下にあるお問い合わせ先へご連絡ください。

# 見つからないとき、受け付けられないとき
site-not-found-title = ページが見つかりません
site-not-found-cause = アドレスに誤りがあるか、ページがなくなった可能性があります。
site-not-found-check = お手元の書面に記載されたアドレスと同じかどうか、お確かめください。
site-not-found-home = 画面の一番上にあるサービス名を押すと、最初のページに戻ります。
site-method-title = この操作は受け付けられません
site-method-cause = このページは、表示とダウンロードだけにご利用いただけます。
site-host-title = アドレスを確認できませんでした
site-host-cause = ブラウザーから届いたアドレスに、使えない文字が含まれています。
site-trouble-title = ただいまご利用いただけません
site-trouble-cause = ファイルを読み込めませんでした。
site-trouble-retry = しばらく待ってから、もう一度お試しください。
