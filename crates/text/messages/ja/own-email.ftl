# メールアドレスの変更（利用者本人から）
problem-email-same = このメールアドレスは、すでに登録されています。
problem-email-same-detail = 別のメールアドレスを入力してください。
problem-email-overtaken = 別のメールアドレスへの変更を、すでに受け付けています。
problem-email-overtaken-detail = 登録したいメールアドレスを入力して、もう一度お手続きください。
problem-clock-detail = PCの日付、時刻、タイムゾーンの設定を直してから、もう一度お手続きください。
app-email-asked = { $email } に確認のメールを送ります。
app-email-asked-do = 24時間以内に、メールのリンクを開いて確認してください。それまでは、今のメールアドレスのままです。
app-help-email = 登録メールアドレスを変更します（現在の電子証明書で申請します）
app-help-email-mail = 新しいメールアドレス
app-help-email-user = 電子証明書が複数あるときの利用者ID
