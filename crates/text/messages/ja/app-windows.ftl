# 証明書発行アプリケーション: Windowsの証明書ストア

app-store-system = Windowsの証明書ストアを使用できませんでした（{ $said }）。
app-store-system-do = もう一度実行してください。繰り返し失敗する場合は、社内のシステム管理者にこのメッセージをお伝えください。
app-store-root-declined = ルート証明書が「信頼されたルート証明機関」に追加されなかったため、電子証明書を保存していません。
app-store-root-declined-do = もう一度実行し、Windowsの「セキュリティ警告」に表示される拇印が案内書と同じことを確認のうえ、「はい」を押してください。
app-store-cannot-untrust = この保存先では、追加したルート証明書を区別できないため、削除しませんでした。
app-store-cannot-untrust-do = Windowsの証明書ストア（windows）を指定してください。それ以外の保存先では、保存先を管理するプログラムで削除してください。

app-untrusted = このアプリケーションが追加したルート証明書と中間認証局証明書のうち、不要なものを削除しました。
app-untrusted-nothing = このアプリケーションが追加したルート証明書と中間認証局証明書のうち、削除できるものはありません。
app-label-removed = 削除
app-label-kept = 使用中のため保持

app-bad-store-do-windows = 「windows」「nss[:DIR]」「pkcs12:FILE」「pem:DIR」のいずれかを指定してください。
app-ask-store-windows = 保存先（windows、pkcs12:FILE、pem:DIR）

app-help-untrust = このアプリケーションが追加し、電子証明書に不要となったルート証明書と中間認証局証明書を削除する（windowsのみ。--siteは不要）
app-help-stores-windows =
    保存先（STORE）:
    {"  "}windows                  Windowsの証明書ストア。鍵は使用できる最も安全な場所に作成
    {"  "}windows:tpm|software|capi 鍵の場所を指定（TPM、CNG、CAPI）
    {"  "}nss[:DIR]                ブラウザーの証明書データベース
    {"  "}pkcs12:FILE              パスワード付きのPKCS#12ファイル
    {"  "}pem:DIR                  フォルダー内のPEMファイル
    {"  "}pkcs11:URIとkeychainは、このビルドでは使用できません。
app-help-lang-windows = メッセージの言語（既定: LC_ALL、LANG、なければWindowsの表示言語）
