"""What Dovecot is told: its settings, of version 2.3 and of 2.4 and later, whose names and forms are others."""

from __future__ import annotations

COMMON = """
base_dir = <FOLDER>/base
state_dir = <FOLDER>/base
libexec_dir = <LIBEXEC>
log_path = <FOLDER>/log
default_internal_user = <INTERNAL>
default_internal_group = <GROUP>
default_login_user = <LOGIN>
first_valid_uid = 1
first_valid_gid = 1
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
auth_failure_delay = 0 secs
mail_max_userip_connections = 500
service imap-login {
  <COUNT>
  inet_listener imap {
    port = <IMAP>
  }
  inet_listener imaps {
    port = <IMAPS>
    ssl = yes
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service lmtp {
  inet_listener lmtp {
    port = <LMTP>
  }
}
"""
FOLDERS = """
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
  mailbox Drafts {
    auto = subscribe
    special_use = \\Drafts
  }
  mailbox Trash {
    auto = subscribe
    special_use = \\Trash
  }
  mailbox Junk {
    auto = subscribe
    special_use = \\Junk
  }
  mailbox Archive {
    auto = subscribe
    special_use = \\Archive
  }
}
"""
OLD = (
    """
import_environment = LD_LIBRARY_PATH
disable_plaintext_auth = no
ssl_cert = <<FOLDER>/cert.pem
ssl_key = <<FOLDER>/key.pem
mail_location = maildir:~/Maildir
mail_plugin_dir = <LIBEXEC>/modules
mail_plugins = quota
protocol imap {
  mail_plugins = quota imap_quota
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_grace = 0%%
}
passdb {
  driver = passwd-file
  args = scheme=plain username_format=%u <FOLDER>/users
}
userdb {
  driver = passwd-file
  args = username_format=%u <FOLDER>/users
}
"""
    + FOLDERS
)
NEW_FIRST = """
dovecot_config_version = <VERSION>
dovecot_storage_version = <VERSION>
"""
NEW = (
    """
import_environment {
  LD_LIBRARY_PATH = %{env:LD_LIBRARY_PATH}
}
auth_allow_cleartext = yes
ssl_server_cert_file = <FOLDER>/cert.pem
ssl_server_key_file = <FOLDER>/key.pem
mail_driver = maildir
mail_path = ~/Maildir
mail_plugin_dir = <LIBEXEC>/modules
mail_plugins {
  quota = yes
}
protocol imap {
  mail_plugins {
    imap_quota = yes
  }
}
quota "User quota" {
  driver = count
}
passdb passwd-file {
  passwd_file_path = <FOLDER>/users
}
userdb passwd-file {
  passwd_file_path = <FOLDER>/users
}
"""
    + FOLDERS
)
INTROSPECTION = """
introspection_mode = post
introspection_url = <URL>
username_attribute = username
active_attribute = active
active_value = true
"""
OLD_TOKENS = """
auth_mechanisms = plain xoauth2
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = <FOLDER>/oauth2.conf
}
"""
NEW_TOKENS = """
auth_mechanisms = plain xoauth2
oauth2 {<TOKENS>}
passdb oauth2 {
  mechanisms_filter = xoauth2
}
"""
UNPRIVILEGED = """
service imap-login {
  chroot =
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
"""
