namespace Dfss;

/// <summary>
/// All error codes of DFSS. The list is closed, and the numbers go over the wire: a number is never reused. 1-19 wire,
/// 20-29 names and records, 30-39 clusters, 40-59 chunks and stores, 60-69 local side, 70-79 encryption.
/// </summary>
public enum DfssErrorCode
{
    /// <summary>Not an error: status 0 of an answer.</summary>
    None = 0,

    /// <summary>Wire. The other side broke the protocol; the connection is closed. Not transient.</summary>
    ProtocolViolation = 1,

    /// <summary>Handshake. Client and peer share no protocol version. Not transient; update one of them.</summary>
    VersionNotSupported = 2,

    /// <summary>
    /// Wire. A frame, payload or argument is over a limit in force. The sender's fault; not transient.
    /// </summary>
    LimitExceeded = 3,

    /// <summary>Request. The peer does not know this operation. Not transient; the peer may be older.</summary>
    UnknownOperation = 4,

    /// <summary>
    /// Request. An argument is missing, or of the wrong type or range. The client's fault; not transient.
    /// </summary>
    InvalidArgument = 5,

    /// <summary>
    /// Connection. No process listens there, the name does not resolve, or the connection broke. Transient.
    /// </summary>
    PeerUnreachable = 6,

    /// <summary>Connection. The peer made no progress within the time allowed. Transient.</summary>
    TimedOut = 7,

    /// <summary>Connection. The peer is stopping, or is at its limit of connections. Transient.</summary>
    PeerBusy = 8,

    /// <summary>Handshake. What answers at this address is not a DFSS peer. Not transient; check the port.</summary>
    NotADfssPeer = 9,

    /// <summary>
    /// Request. A fault inside the peer; its log has the details. The peer's fault; may be transient.
    /// </summary>
    PeerFault = 10,

    /// <summary>
    /// Handshake. The client did not authenticate: it has no certificate, or no token or a wrong one. Not transient.
    /// </summary>
    NotAuthenticated = 11,

    /// <summary>
    /// Handshake, join. A certificate (the message names its owner) has expired or is not valid yet, or would be so
    /// when issued, as a clock is wrong. Not transient; renew it, or set the clock.
    /// </summary>
    CertificateExpired = 12,

    /// <summary>
    /// Handshake. A certificate (the message names its owner) was revoked by its authority. Not transient.
    /// </summary>
    CertificateRevoked = 13,

    /// <summary>
    /// Handshake. No trusted authority issued the certificate, or its purpose is another one. Not transient.
    /// </summary>
    CertificateNotTrusted = 14,

    /// <summary>
    /// Request. The client is authenticated, and its role does not permit this. Not transient; ask for another role.
    /// </summary>
    NotPermitted = 15,

    /// <summary>
    /// Handshake. The peer accepts TLS only, and the client sent plaintext. Not transient; give a certificate.
    /// </summary>
    TlsRequired = 16,

    /// <summary>
    /// Handshake. The peer has no certificate and accepts plaintext only, and the client sent TLS. Not transient.
    /// </summary>
    TlsNotExpected = 17,

    /// <summary>
    /// Handshake. Both sides use TLS and could not agree: version, cipher or a malformed message. Not transient.
    /// </summary>
    TlsFailed = 18,

    /// <summary>
    /// Handshake. The peer cannot check now which certificates are revoked, and refuses new connections. Transient.
    /// </summary>
    RevocationStatusUnknown = 19,

    /// <summary>Read. No peer that was asked has a file of this name. Not transient.</summary>
    FileNotFound = 20,

    /// <summary>Send. The name exists and replacing it was not asked for. Not transient.</summary>
    FileExists = 21,

    /// <summary>
    /// Send. Another writer changed the name meanwhile, or it is not at the version asked for. Not transient.
    /// </summary>
    Conflict = 22,

    /// <summary>
    /// Send. The change may or may not have been made; running the same command again settles it. Transient.
    /// </summary>
    CommitUncertain = 23,

    /// <summary>Send, read. Fewer than a majority of the members of the file's home answered. Transient.</summary>
    NoMajority = 24,

    /// <summary>
    /// Name. The name is empty, too long, or has a character or part that is not allowed. Not transient.
    /// </summary>
    InvalidName = 25,

    /// <summary>Receive. The stored file was replaced or removed while it was read. Not transient; ask again.</summary>
    FileChanged = 26,

    /// <summary>
    /// Send. Fewer peers can take the file's chunks than the replicas required. Nothing was changed. Transient.
    /// </summary>
    TooFewReplicas = 27,

    /// <summary>Join. The issuer does not know this invitation. Not transient; ask for another one.</summary>
    InvitationUnknown = 30,

    /// <summary>Join. The invitation was used before, and is valid once. Not transient; ask for another one.</summary>
    InvitationUsed = 31,

    /// <summary>Join. The invitation has expired, by the issuer's clock. Not transient; ask for another one.</summary>
    InvitationExpired = 32,

    /// <summary>Join. The text is not an invitation, or is only a part of one. Not transient; copy it again.</summary>
    InvitationInvalid = 33,

    /// <summary>Join, invite. The peer is not an issuer of the cluster: ask the peer that is. Not transient.</summary>
    NotAnIssuer = 34,

    /// <summary>
    /// Join, invite. The cluster's issuer cannot be reached at any address known. Transient; start it.
    /// </summary>
    IssuerUnreachable = 35,

    /// <summary>
    /// Revoke. The cluster's issuer has not issued this certificate. Not transient; look it up in the issuer's list.
    /// </summary>
    CertificateUnknown = 36,

    /// <summary>Read. The chunk is missing at every holder asked. Not transient unless a holder is down.</summary>
    ChunkNotFound = 40,

    /// <summary>Read, write. The bytes do not have the expected SHA-256. The holder's or the network's fault.</summary>
    ChunkCorrupt = 41,

    /// <summary>Write. The peer has no space left, or its quota is used up. Not transient; free some space.</summary>
    StoreFull = 42,

    /// <summary>
    /// Write. The store's disk failed to write or to sync; nothing was acknowledged. The disk's fault.
    /// </summary>
    StoreFailed = 43,

    /// <summary>Start. Another process serves this store. Not transient while that process runs.</summary>
    StoreInUse = 44,

    /// <summary>
    /// Start. The store has a newer format, or is not a store. Not transient; use a newer DFSS, or another folder.
    /// </summary>
    StoreFormat = 45,

    /// <summary>Start. The store's folder is on a file system that cannot guarantee durability.</summary>
    StoreNotSupported = 46,

    /// <summary>
    /// Write. Two running peers have the same store id: one store is a copy. Not transient; stop one, and
    /// start it with -StoreCopied.
    /// </summary>
    StoreRunsTwice = 47,

    /// <summary>
    /// Start. The store is not where it last ran, and may be a copy. Not transient; start it with
    /// -StoreMoved or -StoreCopied.
    /// </summary>
    StoreRelocated = 48,

    /// <summary>Send. The source changed while it was sent. Send it again when no program changes it.</summary>
    SourceChanged = 60,

    /// <summary>Send. The source is missing, cannot be read, or is not a regular file.</summary>
    SourceUnreadable = 61,

    /// <summary>Receive. The destination exists and replacing it was not asked for. Not transient.</summary>
    DestinationExists = 62,

    /// <summary>
    /// Receive. The destination cannot be written: no such folder, no permission, no space, or received already.
    /// </summary>
    DestinationUnwritable = 63,

    /// <summary>Send. The file has more chunks than a manifest can list, even at the largest chunk size.</summary>
    FileTooLarge = 64,

    /// <summary>
    /// Start. The peer cannot listen on the address: it is in use, not this machine's, or not permitted.
    /// </summary>
    AddressUnavailable = 65,

    /// <summary>Read. The file is encrypted, and no key was given. Not transient; give one.</summary>
    KeyRequired = 70,

    /// <summary>Read. The file is encrypted, and not for any of the keys given. Not transient.</summary>
    KeyWrong = 71,

    /// <summary>Read. A key was given, and the file is not encrypted. Not transient; leave the key out.</summary>
    FileNotEncrypted = 72,

    /// <summary>
    /// Read. The data of an encrypted file was not written with its key: it was changed. Not transient.
    /// </summary>
    FileTampered = 73,
}
