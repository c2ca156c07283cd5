using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;

namespace Dfss.Commands;

/// <summary>
/// The options of a command as texts, so that the transfer can be started again from its journal. What has a secret, or
/// leads to one, is only named.
/// </summary>
internal static class TransferOptionTexts
{
    private static readonly string[] Kept =
    [
        nameof(SendDfssFileCommand.ChunkSize), nameof(SendDfssFileCommand.Replicas),
        nameof(SendDfssFileCommand.MinimumReplicas), nameof(SendDfssFileCommand.Force),
        nameof(SendDfssFileCommand.IfVersion), nameof(SendDfssFileCommand.KeepVersions),
        nameof(SendDfssFileCommand.ThrottleLimit),
        nameof(ReceiveDfssFileCommand.Durable), nameof(ReceiveDfssFileCommand.NoSparse),
        nameof(RepairDfssFileCommand.Deep),
        nameof(RepairDfssFileCommand.Move), nameof(ClientCmdlet.AllowTls12), nameof(ClientCmdlet.Cluster),
    ];

    private static readonly string[] GivenAgain =
    [
        nameof(SendDfssFileCommand.EncryptionKey), nameof(SendDfssFileCommand.Recipient),
        nameof(SendDfssFileCommand.HiddenName), nameof(ReceiveDfssFileCommand.DecryptionCertificate),
        nameof(ReceiveDfssFileCommand.DecryptionPassword), nameof(ClientCmdlet.Certificate),
        nameof(ClientCmdlet.CertificatePassword), nameof(ClientCmdlet.TrustedAuthority),
        nameof(ClientCmdlet.RevocationList),
    ];

    /// <summary>The options that are given, as texts; none for a switch.</summary>
    internal static Dictionary<string, IReadOnlyList<string>> Read(ClientCmdlet cmdlet)
    {
        Dictionary<string, IReadOnlyList<string>> texts = ReadGiven(cmdlet);
        if (cmdlet.IsBound(nameof(SendDfssFileCommand.Mirror)))
        {
            texts[nameof(SendDfssFileCommand.Force)] = [];
        }

        return texts;
    }

    private static Dictionary<string, IReadOnlyList<string>> ReadGiven(ClientCmdlet cmdlet) =>
        Kept.Where(cmdlet.IsBound).Select(name => (Name: name, Value: Find(cmdlet, name)?.GetValue(cmdlet)))
            .Where(option => option.Value is not (null or SwitchParameter { IsPresent: false }))
            .ToDictionary(option => option.Name, option => ToTexts(option.Value!));

    /// <summary>The names of the options that must be given again.</summary>
    internal static IReadOnlyList<string> FindGivenAgain(ClientCmdlet cmdlet) =>
        [.. GivenAgain.Where(name => cmdlet.IsBound(name) && Find(cmdlet, name) is not null)];

    /// <summary>The value of an option to bind.</summary>
    internal static object ToValue(IReadOnlyList<string> texts) => texts.Count switch
    {
        0 => new SwitchParameter(isPresent: true),
        1 => texts[0],
        _ => texts.ToArray(),
    };

    private static PropertyInfo? Find(ClientCmdlet cmdlet, string name) => cmdlet.GetType().GetProperty(name);

    private static IReadOnlyList<string> ToTexts(object value) => value switch
    {
        SwitchParameter => [],
        IEnumerable many and not string => [.. many.Cast<object>().Select(ToText)],
        _ => [ToText(value)],
    };

    private static string ToText(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
