# トークン（PKCS#11）とブラウザーの証明書データベース（NSS）。

## データベース

app-store-nss-missing = ブラウザーの証明書データベースを扱うライブラリlibsoftokn3がありません。
app-store-nss-missing-do = パッケージlibnss3（Fedoraではnss-softokn）をインストールし、もう一度実行してください。
app-store-folder = フォルダー名に、証明書データベースで使用できない文字があります（{ $path }）。
app-store-folder-do = 引用符、かっこ、バックスラッシュを含まないフォルダーを指定してください。
app-firefox-restart = Firefoxを開いている場合は、いったん閉じてから起動し直してください。新しい電子証明書を選べるようになります。

## トークン

app-bad-token = トークンの指定（--store pkcs11:…）が正しくありません（{ $why }）。
app-bad-token-do = 「pkcs11:token=名前?module-path=/ドライバーのパス.so」の形で指定してください。ドライバーはトークンの製造元から提供されます。
app-bad-token-pin = PINは他の人に見えるおそれがあるため、トークンの指定に書くことはできません。
app-bad-token-pin-do = pin-valueを除いてください。PINは実行時に入力するか、--store-password-fileでファイルを指定してください。
app-ask-token-pin = トークンのPIN（表示されません）
app-token-driver = トークンのドライバーを使用できません（{ $path }: { $why }）。
app-token-driver-do = 製造元のドライバーをインストールし、module-pathの指定をご確認ください。
app-token-absent = トークン{ $wanted }が見つかりません。見つかったもの: { $present }
app-token-absent-do = トークンを接続し、token=の名前をご確認のうえ、もう一度実行してください。
app-token-many = 指定に当てはまるトークンが{ $count }個あります。
app-token-many-do = 使用しないトークンを取り外すか、token=またはserial=で指定してください。
app-token-pin-missing = トークンのPINが指定されていません（{ $why }）。
app-token-pin-missing-do = PINを書いたファイルを--store-password-file、またはpin-source=file:/パスで指定してください。
app-token-pin-wrong = トークン{ $token }にPINが受け付けられませんでした。誤りが続くとロックされるため、再試行はしていません。情報は何も送信していません。
app-token-pin-wrong-do = PINをご確認のうえ、もう一度指定してください（--store-password-file）。PINがわからない場合は、トークンの配布元にご連絡ください。
app-token-pin-last-try = トークン{ $token }は、あと1回PINを誤るとロックされるため、試行していません。情報は何も送信していません。
app-token-pin-last-try-do = トークンに付属のプログラムで正しいPINを一度入力してから、もう一度実行してください。
app-token-pin-locked = トークン{ $token }のPINはロックされています。情報は何も送信していません。
app-token-pin-locked-do = トークンの配布元に、ロックの解除をご依頼ください。
app-token-pin-unset = トークン{ $token }のPINは、期限が切れているか設定されていません。情報は何も送信していません。
app-token-pin-unset-do = トークンに付属のプログラムでPINを設定してから、もう一度実行してください。
app-token-unable = トークン{ $token }では、必要な鍵を作成または保持できません（{ $why }）。
app-token-unable-do = 別のトークン、または別の保存先を指定してください。
app-token-full = トークン{ $token }に空きがありません。
app-token-full-do = 不要な電子証明書を削除してから、もう一度実行してください。
app-token-read-only = トークン{ $token }には書き込めません。
app-token-read-only-do = 書き込み保護をご確認いただくか、別のトークンを指定してください。
app-token-key = トークンの鍵を使用できません（{ $why }）。
app-token-key-do = 正しいトークンかご確認ください。正しい場合は、統括会社の管理者に再発行をご依頼ください。
app-token-failed = トークンから正しい応答がありません（{ $why }）。
app-token-failed-do = 接続をご確認のうえ、もう一度実行してください。

## macOSのキーチェーン

app-keychain-failed = キーチェーンを使用できませんでした（{ $said }）。
app-keychain-failed-do = ログインキーチェーンのロックを解除し、macOSの確認でアクセスを許可して、もう一度実行してください。
