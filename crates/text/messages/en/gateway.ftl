# The gateway's refusals: what happened, what to do now, whom to call.

gateway-contact = If anything is unclear, please contact your branch.

# Steps that several pages share
gateway-choose-again = Close every browser window, open the browser again and choose the certificate of this service (the one that shows your user ID).
gateway-choose-newer = If you have a renewed or reissued certificate, close every browser window, open the browser again and choose the new one.
gateway-issue = If you have no certificate of this service yet, issue one on the issuing site.
gateway-reissue = If you have no newer certificate, please ask your company's administrator for a reissue.
gateway-try-later = Please try again in a little while.

gateway-no-certificate-headline = We could not see your certificate
gateway-no-certificate-cause = This service can be used only from a PC that holds a certificate. No certificate was presented with this connection.

gateway-not-yet-valid-headline = Your certificate is not valid yet
gateway-not-yet-valid-cause = The certificate you presented can be used from { $from }.
gateway-not-yet-valid-step = Please connect again after that time.

gateway-expired-headline = Your certificate has expired
gateway-expired-cause = The certificate you presented was valid until { $until }.

gateway-wrong-issuer-headline = This certificate is not for this service
gateway-wrong-issuer-cause = The certificate you presented was not issued for this service.

gateway-wrong-usage-headline = This certificate cannot be used here
gateway-wrong-usage-cause = The certificate you presented is not meant for authenticating users.

gateway-held-headline = Your certificate is on hold
gateway-held-cause = The certificate you presented is on hold at the moment.
gateway-held-step = Please ask your company's administrator to have it released.

gateway-revoked-headline = Your certificate has been revoked
gateway-revoked-cause = The certificate you presented has been revoked and can no longer be used.
gateway-revoked-step = If you do not know why, please call your branch at once.

gateway-unknown-path-headline = There is no page here
gateway-unknown-path-cause = No service is published under this address.
gateway-unknown-path-step = Please check the address, or enter from the address you were given for the service.

gateway-status-stale-headline = The service is not available at the moment
gateway-status-stale-cause = The information needed to check certificates is out of date, so connections are refused to be safe. Nothing is wrong with your certificate or your PC.

gateway-upstream-unreachable-headline = The service cannot be reached at the moment
gateway-upstream-unreachable-cause = Your certificate was accepted, but the system of the service could not be reached.

gateway-upstream-timeout-headline = The service did not answer
gateway-upstream-timeout-cause = Your certificate was accepted, but the system of the service did not answer in time.
gateway-upstream-timeout-step = If you were in the middle of a transaction, first check whether it has been carried out, so that nothing is done twice.

gateway-bad-request-headline = The request could not be accepted
gateway-bad-request-cause = The request your browser sent is not well formed.
gateway-bad-request-step = Close every browser window, open the browser again and connect once more.

gateway-method-not-allowed-headline = This operation is not accepted
gateway-method-not-allowed-cause = The operation that was asked for cannot be used with this service.
gateway-method-not-allowed-step = Please go back to the page of the service and use the buttons there.
