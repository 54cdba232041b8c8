# 診断。見つかったこと、次にすること。

doctor-network = 電子証明書発行・更新サイトに接続できます（{ $site }）。
doctor-site-unknown = 電子証明書発行・更新サイトのアドレスがわからないため、接続の確認はできません。
doctor-site-unknown-do = 書面に記載されたアドレスを指定して、もう一度診断してください。
doctor-site = サイトは本物です。
doctor-clock = このPCの時計は合っています。
doctor-clock-ahead = このPCの時計が{ $minutes }分進んでいます。
doctor-clock-behind = このPCの時計が{ $minutes }分遅れています。
doctor-clock-do = PCの日付、時刻、タイムゾーンの設定を直してください。
doctor-version = この証明書発行アプリケーション（バージョン{ $version }）は使用できます。
doctor-root = ルート証明書は信頼されています。
doctor-root-missing = ルート証明書が、信頼されるルート証明書として登録されていません。
doctor-root-missing-do = 「ルート証明書を登録する」を押してください。
doctor-certificate = ブラウザーで選択する電子証明書は { $name } です。
doctor-several = 使わなくなった電子証明書が{ $count }枚残っています。ブラウザーで選択する電子証明書は { $name } です。
doctor-several-do = 使わなくなった電子証明書を削除すると、選び間違いを防げます。
doctor-due = 電子証明書 { $name } の有効期限まで、あと{ $days }日です。
doctor-due-do = 「更新へ進む」を押すと、このPCですぐに更新できます。
doctor-none = このPCに電子証明書がありません。
doctor-none-do = 「新規発行へ進む」を押し、書面に記載された利用者IDと初期パスワードで発行してください。
doctor-no-key = 電子証明書はありますが、その鍵がこのPCにありません。
doctor-expired = 電子証明書の有効期限が切れています。
doctor-expired-do = 取引営業部店に新しい初期パスワードを依頼し、「新規発行へ進む」を押してください。
doctor-not-yet = 電子証明書の有効期間が、このPCの時計ではまだ始まっていません。
doctor-key = 電子証明書の鍵は使用できます。
doctor-key-silent = 電子証明書の鍵が応答しません。
doctor-key-silent-do = PCを再起動しても直らない場合は、取引営業部店に新しい初期パスワードを依頼し、もう一度発行してください。
doctor-report = 診断結果
doctor-all-good = 問題は見つかりませんでした。
doctor-some-bad = 問題が{ $count }件見つかりました。
doctor-saved = 診断結果を保存しました: { $path }

app-help-doctor = このPCで電子証明書を使えるかを診断し、直し方を示します。何も変更しません。
app-help-doctor-site = 電子証明書発行・更新サイトのアドレス（このPCで発行した場合は指定不要）
app-help-doctor-reference = 拒否された画面に表示されたお問い合わせ番号（診断結果に書き添えます）
app-help-doctor-report = 診断結果を保存するファイル（パスワードと鍵は含みません）
