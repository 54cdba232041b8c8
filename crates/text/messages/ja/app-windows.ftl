# 証明書発行アプリケーション: Windowsの証明書ストア

app-store-system = Windowsの証明書ストアを使用できませんでした（{ $said }）。
app-store-system-do = もう一度実行してください。繰り返し失敗する場合は、システム管理者にこのメッセージをお伝えください。
app-store-no-place-for-key = 指定された場所には、このPCでは鍵を作成できません（{ $why }）。情報は送信していません。
app-store-no-place-for-key-do = 保存先に「windows」を指定すると、使用できる場所に鍵を作成します。それでも失敗する場合は、システム管理者にこのメッセージをお伝えください。
app-store-root-declined = ルート証明書を追加する確認に「いいえ」と答えたため、電子証明書を保存していません。
app-store-root-declined-do = もう一度実行し、Windowsの「セキュリティ警告」が表示されたら「はい」を押してください。ルート証明書が正しいことは、このアプリケーションが書面のフィンガープリントで確認しています。
app-store-cannot-untrust = この保存先には、どのルート証明書を追加したかの記録がないため、何も削除していません。
app-store-cannot-untrust-do = Windowsの証明書ストア（windows）またはブラウザーのデータベース（nss）を指定してください。ほかの保存先のルート証明書は、その保存先を管理するプログラムで削除してください。

app-untrusted = このアプリケーションが追加したルート証明書と中間認証局証明書のうち、不要になったものを削除しました。
app-untrusted-nothing = 削除できるルート証明書と中間認証局証明書はありません。
app-label-removed = 削除
app-label-kept = 使用中のため保持

app-bad-store-do-windows = 「windows」「pkcs11:URI」「pkcs12:FILE」「pem:DIR」のいずれかを指定してください。

app-help-untrust = このアプリケーションが追加し、どの電子証明書にも不要になったルート証明書と中間認証局証明書を削除します（windowsのみ。--siteは不要です）
app-help-lang-windows = 表示する言語（指定がなければLC_ALLまたはLANG、なければWindowsの表示言語に従います）
app-help-stores-windows =
    保存先（STORE）:
    {"  "}windows         Windowsの証明書ストア（鍵は、使用できる最も安全な場所に作ります）
    {"  "}windows:WHERE   鍵の場所を指定（tpm、software、capi）
    {"  "}pkcs11:URI      カードまたはトークン（pkcs11:token=名前?module-path=C:/ドライバー.dll）
    {"  "}pkcs12:FILE     パスワード付きのPKCS#12ファイル
    {"  "}pem:DIR         フォルダー内のPEMファイル
    {"  "}nssとkeychainは、このビルドでは使用できません。
