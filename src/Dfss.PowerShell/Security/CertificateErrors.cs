using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Errors about certificates given to a command. No text contains any of a key or password.</summary>
internal static class CertificateErrors
{
    internal static CmdletException CertificateMissing(string given) => new(ErrorRecords.Create(
        "CertificateMissing", ErrorCategory.InvalidArgument, target: null,
        $"-{given} is given, and no -Certificate: both sides need one, and without it nothing is encrypted.",
        "Give -Certificate too, or leave all of them out."));

    internal static CmdletException AuthorityMissing(object certificate) => new(ErrorRecords.Create(
        "AuthorityMissing", ErrorCategory.InvalidArgument, certificate,
        "-Certificate is given, and no -TrustedAuthority: the other side could not be authenticated.",
        "Give -TrustedAuthority: the certificate of the authority that issued the certificates of the other side."));

    internal static CmdletException NotFound(string text, string path) => new(ErrorRecords.Create(
        "CertificateNotFound", ErrorCategory.ObjectNotFound, text,
        $"The certificate '{text}' cannot be found: there is no file '{path}', and it is not a thumbprint.",
        "Give a certificate object, the path of a file (PFX, PEM, CER), or the thumbprint of one in the "
            + "certificate store."));

    internal static CmdletException ThumbprintNotFound(string text, IEnumerable<string> stores) =>
        new(ErrorRecords.Create(
            "CertificateNotFound", ErrorCategory.ObjectNotFound, text,
            $"No certificate with the thumbprint '{text}' is in the certificate stores {string.Join(", ", stores)}.",
            "Check the thumbprint, and that it is in a store of the user who runs the command."));

    internal static CmdletException Unreadable(string path, Exception cause) => new(ErrorRecords.Create(
        "CertificateUnreadable", ErrorCategory.ReadError, path, $"'{path}' cannot be read: {cause.Message}",
        "Check that the user who runs the command can read it.", cause));

    internal static CmdletException Invalid(string path, string reason, string action, Exception? cause = null) =>
        new(ErrorRecords.Create(
            "CertificateInvalid", ErrorCategory.InvalidData, path, $"'{path}': {reason}.", action, cause));

    internal static CmdletException PasswordWrong(string path, string parameter, bool isGiven, Exception cause) =>
        new(ErrorRecords.Create(
            "CertificatePasswordWrong", ErrorCategory.AuthenticationError, path,
            isGiven
                ? $"'{path}': the password of -{parameter} does not open it."
                : $"'{path}' is protected by a password, and -{parameter} is not given.",
            $"Give the right one as a SecureString, for example -{parameter} (Read-Host -AsSecureString).", cause));
}
