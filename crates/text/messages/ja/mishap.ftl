# メールアドレスの変更（メールと画面）

mail-email-confirm-subject = 【{ $service }】メールアドレスをご確認ください
mail-email-confirm-body =
    { $service } に、このメールアドレスを登録する手続きが行われました。

    利用者ID： { $user_id }

    次のページを開き、「このアドレスを登録する」を押してください。
    { $link }

    リンクは { $until } まで、1回だけ使えます。登録するまでは、今のメールアドレスのままです。

    お心当たりがないときは、リンクを開かず、次の窓口へご連絡ください。
    { $help }

    { $organisation }

site-email-title = メールアドレスの確認
site-email-lead = { $service } の電子証明書についてのメールを、次のアドレスにお送りします。正しければ、ボタンを押してください。
site-email-user = 利用者ID
site-email-address = 新しいメールアドレス
site-email-confirm = このアドレスを登録する
site-email-unknown-label = お心当たりがないとき
site-email-unknown = ボタンを押さずに、この画面を閉じてください。登録は変わりません。画面の下の窓口へご連絡ください。
site-email-done-title = メールアドレスを登録しました
site-email-done = 今後、電子証明書についてのメールは { $email } にお送りします。ほかのお手続きは必要ありません。
site-email-gone-title = このリンクは使えません
site-email-gone-cause = リンクは1回だけ、24時間以内に、最新のものだけが使えます。
site-email-gone-check = すでにお使いの場合は、登録したことをお知らせするメールが新しいアドレスに届いています。
site-email-gone-again = 届いていない場合は、アプリケーションの「メールアドレスを変更」からもう一度申請するか、取引営業部店または統括会社の管理者にご依頼ください。
site-too-many-title = 短い時間に多くのアクセスがありました
site-too-many-cause = 安全のため、受け付ける回数を制限しています。

# 問い合わせ先（お断りの説明の後に付ける）
problem-help = お問い合わせ先： { $help }
