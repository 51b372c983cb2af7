#!/usr/bin/python3
"""
The browser that WebKitWebDriver starts. Not MiniBrowser: its automation mode is ephemeral, where OPFS fails.
WEBKIT_DATA: the profile; saved files are in its folder `downloads`.
"""
import os

import gi

gi.require_version('Gtk', '3.0')
gi.require_version('WebKit2', '4.1')
from gi.repository import Gtk, WebKit2

DATA = os.environ['WEBKIT_DATA']
DOWNLOADS = os.path.join(DATA, 'downloads')
# Behind flags in WebKitGTK 2.50, on in Safari.
FEATURES = {'StorageAPI', 'StorageAPIEstimate', 'FileSystem', 'AccessHandle', 'FileSystemWritableStream'}

manager = WebKit2.WebsiteDataManager(base_data_directory=DATA, base_cache_directory=os.path.join(DATA, 'cache'))
context = WebKit2.WebContext.new_with_website_data_manager(manager)
context.set_automation_allowed(True)

settings = WebKit2.Settings()
settings.set_javascript_can_open_windows_automatically(True)
features = WebKit2.Settings.get_all_features()
for index in range(features.get_length()):
    feature = features.get(index)
    if feature.get_identifier() in FEATURES:
        settings.set_feature_enabled(feature, True)


def show(view):
    window = Gtk.Window()
    window.set_default_size(1024, 700)
    window.add(view)
    window.show_all()
    view.connect('close', lambda *_: window.destroy())
    view.connect('create', lambda opener, _action: show(WebKit2.WebView(related_view=opener, settings=settings)))
    return view


def automated(*_):
    policies = WebKit2.WebsitePolicies(autoplay=WebKit2.AutoplayPolicy.ALLOW)
    return show(
        WebKit2.WebView(
            web_context=context, is_controlled_by_automation=True, settings=settings, website_policies=policies
        )
    )


def started(_context, session):
    application = WebKit2.ApplicationInfo()
    application.set_name('rockpool-webkit')
    application.set_version(*(getattr(WebKit2, f'get_{part}_version')() for part in ('major', 'minor', 'micro')))
    session.set_application_info(application)
    session.connect('create-web-view', automated)


def save(_context, download):
    def decide(download, name):
        download.set_destination('file://' + os.path.join(DOWNLOADS, name))
        return True

    download.connect('decide-destination', decide)


os.makedirs(DOWNLOADS, exist_ok=True)
context.connect('automation-started', started)
context.connect('download-started', save)
Gtk.main()
