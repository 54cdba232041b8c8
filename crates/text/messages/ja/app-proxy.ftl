# プロキシー。最初に起きたこと、次に今すること、最後に連絡先。

## 接続できないとき

app-proxy-named = { $proxy }（{ $realm }）
app-proxy-unreachable = プロキシー{ $proxy }に接続できませんでした（{ $why }）。
app-proxy-unreachable-do = 社内のネットワークに接続しているかご確認ください。プロキシーのアドレスは--proxyで指定できます。プロキシーのない場所では--proxy noneを指定してください。続く場合は、社内のシステム管理者にご連絡ください。
app-proxy-forbidden = プロキシー{ $proxy }は、このサイトへの接続を許可していません（状態{ $status }）。
app-proxy-forbidden-do = 社内のシステム管理者に、電子証明書発行・更新サイトへの接続の許可を依頼してください。
app-proxy-status = プロキシー{ $proxy }は、サイトに接続できませんでした（状態{ $status }）。
app-proxy-status-do = サイトのアドレスをご確認のうえ、しばらくしてからもう一度実行してください。続く場合は、社内のシステム管理者にご連絡ください。
app-proxy-unusable = プロキシー{ $proxy }から、正しい応答がありませんでした（{ $why }）。
app-proxy-unusable-do = プロキシーのアドレスとポート番号をご確認ください。アドレスは--proxyで指定できます。わからない場合は、社内のシステム管理者にお尋ねください。
app-proxy-password-missing = プロキシー{ $proxy }が、ユーザー名とパスワードを求めています。
app-proxy-password-missing-do = 画面で入力するか、--proxy-userと--proxy-password-fileで指定して、もう一度実行してください。ユーザー名とパスワードは、社内のシステム管理者にお尋ねください。
app-proxy-password-wrong = プロキシー{ $proxy }が、ユーザー名またはパスワードを受け付けませんでした。
app-proxy-password-wrong-do = 続けて誤るとアカウントがロックされることがあるため、中止しました。ユーザー名とパスワードを確認してから、もう一度実行してください。Windowsのネットワークでは「ドメイン\ユーザー名」の形で入力します。わからない場合は、社内のシステム管理者にお尋ねください。
app-proxy-scheme-unknown = プロキシー{ $proxy }の認証方式（{ $schemes }）には対応していません。
app-proxy-scheme-unknown-do = 社内のシステム管理者に、電子証明書発行・更新サイトへの接続を認証なしで許可するよう依頼してください。
app-proxy-script = プロキシーの自動構成スクリプトを使用できませんでした（{ $url }: { $why }）。
app-proxy-script-do = --proxyで指定したスクリプトのアドレスをご確認ください。わからない場合は、社内のシステム管理者にお尋ねください。
app-proxy-setting = 環境変数{ $name }は、使用できるプロキシーのアドレスではありません。
app-proxy-setting-do = 「http://ホスト名:ポート番号」の形で指定するか、--proxyで指定してください。SOCKSプロキシーは使用できません。

## 通信の検査

app-intercepted = 接続先の証明書が、このPCの知らない認証局「{ $issuer }」から発行されています。社内のプロキシーやウイルス対策ソフトが、暗号化された通信を検査しているか、第三者が通信を横取りしています。利用者の情報は送信していません。
app-intercepted-do = 「{ $issuer }」が社内のものか、システム管理者にご確認ください。社内のものである場合は、電子証明書発行・更新サイトのホスト名を検査の対象から外すよう依頼するか、その認証局のルート証明書をこのPCのシステムの信頼されたルート証明機関に登録してもらってください。登録されていれば、検査されていても発行と更新ができます。社内のものでない場合は、取引営業部店にご連絡ください。
app-proxy-inspected = お知らせ: この通信は、認証局「{ $issuer }」を使うプロキシーやソフトウェアによって検査されています。このPCはその認証局を信頼しているため、発行と更新はできます。検査を避けるには、システム管理者にサイトのホスト名を検査の対象から外すよう依頼してください。

## 入力

app-ask-proxy = プロキシー{ $proxy }が、ユーザー名とパスワードを求めています。入力した内容は、この実行の間だけ使用します。
app-ask-proxy-again = プロキシー{ $proxy }が、ユーザー名またはパスワードを受け付けませんでした（{ $attempt }回目、3回まで入力できます）。
app-ask-proxy-plain = このプロキシーには、パスワードが暗号化されずに送られます。
app-ask-proxy-user = プロキシーのユーザー名
app-ask-proxy-password = プロキシーのパスワード（表示されません）

## 指定の誤り

app-bad-proxy = プロキシー（--proxy）の指定が正しくありません。
app-bad-proxy-do = auto、none、http://ホスト名:ポート番号、pac:http://ホスト名/パスのいずれかを指定してください。ユーザー名とパスワードは、--proxy-userと--proxy-password-fileで指定します。
app-proxy-user-alone = --proxy-userと--proxy-password-fileは、両方を指定してください。
app-proxy-user-alone-do = どちらも指定しない場合は、必要なときに画面で尋ねます。

## 使い方

app-help-proxy-choice =
    通信に使うプロキシー:
    auto（既定。環境変数HTTPS_PROXYとNO_PROXY、次にシステムの設定）、none、http://ホスト名:ポート番号、pac:自動構成スクリプトのアドレス
app-help-proxy-user = プロキシーのユーザー名（DOMAIN\name も可。指定がなければ、必要なときに尋ねます）
app-help-proxy-password = プロキシーのパスワードを書いたファイル（- は標準入力）
