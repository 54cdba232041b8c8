# 証明書発行アプリケーションの更新。最初に起きたこと、次に今すること、最後に連絡先。

## 進み具合

update-step-look = 新しいバージョンがあるか確認しています。
update-step-download = 新しいバージョンをダウンロードしています。
update-step-verify = ダウンロードしたファイルを確認しています。
update-step-install = 新しいバージョンに置き換えています。
update-resumed = 前回の続きからダウンロードします（{ $megabytes } MBは受信済みです）。
update-percent = { $percent }%（{ $done } / { $of } MB）
update-waiting = 通信が途切れました。{ $seconds }秒後に続きからダウンロードします。

## 結果

update-up-to-date = 証明書発行アプリケーションは最新です（バージョン{ $version }）。
update-available = 証明書発行アプリケーションの新しいバージョン{ $new }があります（お使いのバージョン: { $version }、{ $megabytes } MB）。
update-required = この証明書発行アプリケーション（バージョン{ $version }）は使用できなくなりました。バージョン{ $new }（{ $megabytes } MB）に更新してください。
update-downgrade = バージョン{ $new }に戻すよう、運用者から指示されています（お使いのバージョン: { $version }、{ $megabytes } MB）。
update-label-notes = 更新の内容
update-postponed = 1日後にもう一度お知らせします。
update-how = 更新するには、「{ $program } update --yes」を実行してください。
update-ask-yes-no = 今すぐ更新する場合は「yes」と入力してください。更新しない場合は、1日後にもう一度お知らせします
update-too-old = この証明書発行アプリケーション（バージョン{ $version }）は使用できなくなりました。バージョン{ $minimum }以上が必要です。
update-from-site-do = 電子証明書発行・更新サイトから証明書発行アプリケーションを入手し、インストールしてください。
update-replaced = 証明書発行アプリケーションをバージョン{ $version }に更新しました。
update-label-previous = 更新前のプログラム
update-handed-over = バージョン{ $version }のインストールを開始しました。終わると、証明書発行アプリケーションが起動します。
update-tell = バージョン{ $version }をダウンロードし、確認しました。インストールには管理者の権限が必要です。次のコマンドを実行してください。

## 更新できない理由

update-no-brand = この証明書発行アプリケーションは、どのサービスのインストーラーから入れたものか分からないため、更新できません。
update-no-keys = この証明書発行アプリケーションには、更新を確認するための鍵が含まれていません。
update-unsigned = 更新の案内に正しい署名がないため、何もダウンロードしませんでした。
update-malformed = 更新の案内を読み取れないため、何もダウンロードしませんでした（{ $why }）。
update-other-service = 更新の案内が別のサービス（{ $service }）のものであるため、何もダウンロードしませんでした。
update-replayed = 更新の案内が以前のもの（{ $found }番、前回は{ $seen }番）であるため、何もダウンロードしませんでした。
update-ambiguous = 更新の案内が、前に同じ番号（{ $number }）で届いたものと異なるため、何もダウンロードしませんでした。
update-not-believed-do = しばらくしてからもう一度実行してください。続く場合は、取引営業部店にご連絡ください。
update-expired = 更新の案内の有効期限（{ $at }）が過ぎているため、何もダウンロードしませんでした。
update-from-future = 更新の案内の署名日時（{ $at }）がPCの時計より先であるため、何もダウンロードしませんでした。
update-clock-do = PCの日付と時刻をご確認ください。正しい場合は、取引営業部店にご連絡ください。
update-package-differs = ダウンロードしたファイルが運用者の署名したものと異なるため（{ $why }）、削除しました。プログラムは変更していません。
update-package-differs-do = もう一度実行してください。続く場合は、取引営業部店にご連絡ください。
update-bad-package = 新しいバージョンはこのPCで使用できないため、更新しませんでした（{ $why }）。今のバージョンはそのまま残っています。
update-bad-package-do = 取引営業部店にご連絡ください。
update-under-way = 更新がすでに実行されています。
update-under-way-do = 終わるまでお待ちください。
update-cancelled = 更新を中止しました。プログラムは変更していません。
update-cancelled-do = 次に更新するときは、続きからダウンロードします。
update-disk-full = ディスクに空きがないため、更新できませんでした（{ $path }）。プログラムは変更していません。
update-disk-full-do = 不要なファイルを削除してから、もう一度実行してください。
update-not-writable = プログラムのあるフォルダー（{ $path }）に書き込めないため、更新できませんでした。
update-not-writable-do = システム管理者に、証明書発行アプリケーションの更新を依頼してください。
update-io = 更新のためのファイルを読み書きできませんでした（{ $path }: { $why }）。プログラムは変更していません。
update-io-do = 空き容量とアクセス権をご確認のうえ、もう一度実行してください。
update-installer = インストーラーを起動できませんでした（{ $why }）。

## 使い方

app-help-update = 証明書発行アプリケーションを新しいバージョンに更新します
app-help-update-check = 新しいバージョンがあるか確認するだけで、ダウンロードしません
app-help-update-yes = 確認せずに更新します
app-help-update-more = 運用者の署名があるものだけをインストールします。更新前のプログラムは「.previous」を付けた名前で残ります。
