package import Redis

/// Declares and reads `REDIS_URL` and the files for TLS.
///
/// The files are read now, so that a mistake shows before anything is contacted.
package func redisAddress(from env: inout Environment, isRequired: Bool = true) -> RedisAddress? {
  var address: RedisAddress? = env.url(
    "REDIS_URL", form: RedisAddress.form, isRequired: isRequired,
    help: "Redis: the URL may hold user, password and database number."
  ) { text in
    var problem = ""
    return RedisAddress(url: text, problem: &problem).map { .success($0) } ?? .failure(problem)
  }
  env.conceal(address?.secrets ?? [])

  let files = TLSContext.Files(
    authorities: env.optionalPath(
      TLSContext.FileError.Part.authorities.setting,
      help: "The authorities (PEM) that may have signed the certificate of Redis; unset, those of the system."),
    certificate: env.optionalPath(
      TLSContext.FileError.Part.certificate.setting,
      help: "This client's certificate (PEM, followed by its chain), where Redis requires one."),
    key: env.optionalPath(
      TLSContext.FileError.Part.key.setting, help: "The private key (PEM) of REDIS_CERT_FILE."))
  let name = env.optionalString(
    "REDIS_TLS_NAME",
    help: "The name that the certificate of every server has to contain, where it is not the host in REDIS_URL."
  )
  address?.certificateName = name
  if address?.isEncrypted == true {
    do { address?.tls = try TLSContext(files) } catch { env.complain(error.part.setting, error.message) }
  } else if address != nil {
    let given: [(TLSContext.FileError.Part, String?)] = [
      (.authorities, files.authorities), (.certificate, files.certificate), (.key, files.key),
    ]
    let names = given.filter { $0.1 != nil }.map(\.0.setting) + (name == nil ? [] : ["REDIS_TLS_NAME"])
    for setting in names {
      env.complain(
        setting, "is set, but REDIS_URL does not ask for TLS; then it begins with rediss:// or rediss+sentinel://")
    }
  }
  return address
}

extension TLSContext.FileError.Part {
  /// The setting that names the file.
  fileprivate var setting: String {
    switch self {
    case .authorities: "REDIS_CA_FILE"
    case .certificate: "REDIS_CERT_FILE"
    case .key: "REDIS_KEY_FILE"
    }
  }
}
