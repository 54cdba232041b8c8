# メールアドレスの変更（利用者本人から）
problem-email-same = このメールアドレスは、すでに登録されています。
problem-email-same-detail = 別のメールアドレスを入力してください。
app-email-asked = { $email } に確認のメールを送ります。
app-email-asked-do = 24時間以内に、メールのリンクを開いて確認してください。それまでは、今のメールアドレスのままです。
app-help-email = 登録メールアドレスを変更します（現在の電子証明書で申請します）
app-help-email-mail = 新しいメールアドレス
app-help-email-user = 電子証明書が複数あるときの利用者ID
