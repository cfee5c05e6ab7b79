-- What the POST case asks for: 1,024 bytes of JSON.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"note":"' .. string.rep("x", 1013) .. '"}'
