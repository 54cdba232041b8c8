# Answers to a retirement. The title says what happened, the detail what to do now.
problem-not-retired = This certificate is still needed.
problem-not-retired-detail = No other certificate of this user ID works now. Renew the certificate first. If it does not help, ask your branch.
