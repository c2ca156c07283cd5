using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>scp, to an sshd of its own on loopback, with keys of its own.</summary>
internal sealed class ScpTool : ICopyTool
{
    private readonly ServerProcess server;
    private readonly string[] options;

    private ScpTool(string version, ServerProcess server, string[] options)
    {
        this.server = server;
        this.options = options;
        Name = version;
    }

    public string Name { get; }

    public string Promise => "encrypted, each packet authenticated; not synced";

    /// <param name="root">An empty folder for keys and settings; sshd ignores the machine's own.</param>
    public static async Task<ICopyTool> StartAsync(string root)
    {
        if (new[] { "scp", "ssh", "ssh-keygen", "sshd" }.FirstOrDefault(
            name => Programs.Find(name) is null) is { } missing)
        {
            throw new ToolUnavailableException(missing + " is not installed");
        }

        string keys = Directory.CreateDirectory(Path.Combine(root, "ssh")).FullName;
        string hostKey = Path.Combine(keys, "host");
        string userKey = Path.Combine(keys, "user");
        await Command.MeasureAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hostKey]);
        await Command.MeasureAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", userKey]);
        string[] options =
        [
            // No settings of the user's or the machine's.
            "-F", "/dev/null", "-i", userKey, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=" + Path.Combine(keys, "known_hosts"),
            "-o", "LogLevel=ERROR",
        ];
        int port = ServerProcess.FindFreePort();
        string portText = port.ToString(CultureInfo.InvariantCulture);
        ServerProcess server = await StartServerAsync(keys, hostKey, userKey, port);
        try
        {
            await Command.MeasureAsync("ssh", [.. options, "-p", portText, UserAtHost, "true"], server);
        }
        catch (InvalidOperationException exception)
        {
            await server.DisposeAsync();
            throw new ToolUnavailableException("sshd does not let this user in: " + exception.Message.Trim());
        }

        string version = (await Command.ReadFirstLineAsync("ssh", "-V")).Split([' ', ','])[0].Replace('_', ' ');
        return new ScpTool($"scp, {version}", server, [.. options, "-P", portText]);
    }

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string copy = $"{UserAtHost}:{folder}/copy";
        await Machine.SettleAsync(workload);
        Cost send = await Command.MeasureAsync("scp", [.. options, "-rpq", workload.Folder, copy], server);
        await Machine.SettleAsync(workload);
        return new Turn(
            send,
            await Command.MeasureAsync("scp", [.. options, "-rpq", copy, Path.Combine(folder, "received")], server));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private static string UserAtHost => Environment.UserName + "@127.0.0.1";

    private static async Task<ServerProcess> StartServerAsync(string keys, string hostKey, string userKey, int port)
    {
        string configuration = Path.Combine(keys, "sshd_config");
        await File.WriteAllLinesAsync(
            configuration,
            [
                string.Create(CultureInfo.InvariantCulture, $"Port {port}"),
                "ListenAddress 127.0.0.1",
                $"HostKey {hostKey}",
                $"AuthorizedKeysFile {userKey}.pub",
                // Folders above the keys, such as /tmp, may be writable by others.
                "StrictModes no",
                "PermitRootLogin prohibit-password",
                "PasswordAuthentication no",
                "KbdInteractiveAuthentication no",
                "PidFile none",
                "Subsystem sftp internal-sftp",
            ]);
        // sshd wants to be started by its full path.
        return await ServerProcess.StartAsync(Programs.Find("sshd")!, ["-D", "-e", "-f", configuration], port);
    }
}
